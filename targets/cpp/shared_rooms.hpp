// Rooms of all servers that share a Redis. Redis counts the members and distributes the events.
#pragma once
#include "pubsub.hpp"
#include "redis.hpp"

class SharedRooms : public Rooms {
public:
    /// Throws if Redis cannot be reached. `context` must not run yet.
    SharedRooms(asio::io_context& context, Model& model, const std::string& url);

    awaitable<void> serve_member(Answer& answer, std::string room, std::string message, std::size_t members) override;

private:
    struct Heard;
    struct Joined;
    struct Member;
    using Shared = std::shared_ptr<Heard>;

    awaitable<Joined> join(std::string room, std::string message, std::size_t members, Feed& feed);
    Shared enter(const std::string& room, const std::string& number, Feed& feed);
    void exit(const Shared& round, Feed& feed);
    void leave(const Shared& round, Feed& feed);
    void drop(const Shared& round);
    awaitable<void> listen(Shared round);
    awaitable<void> follow(Redis::Connection& connection, Heard& round);
    awaitable<void> publish(Shared round, std::shared_ptr<Feed> publisher, std::string message);
    awaitable<void> ask(Heard& round, std::string message);

    asio::io_context& context_;
    Model& model_;
    Redis redis_;
    std::mutex mutex_;
    /// Rounds with a local subscription, by channel.
    std::unordered_map<std::string, Shared> rounds_;
};
