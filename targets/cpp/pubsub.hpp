// One answer of the model, published to all members of a room.
#pragma once
#include "answer.hpp"
#include "model.hpp"

#include <boost/asio/experimental/concurrent_channel.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

/// The most events a member may lag behind. A slower member is dropped, so that the others do not
/// wait for it.
constexpr std::size_t max_lag = 1024;

/// A member's queue: events, then null or an error.
using Feed = asio::experimental::concurrent_channel<void(std::exception_ptr, std::shared_ptr<const std::string>)>;

/// The members that receive the same answer, each on its own strand.
class Round {
public:
    explicit Round(asio::any_io_executor executor) : empty_(std::move(executor), 1) {}

    /// Adds a member, and returns the number of members.
    std::size_t join(Feed& feed);
    /// Returns whether the room is empty.
    bool leave(Feed& feed);
    void broadcast(std::exception_ptr error, std::shared_ptr<const std::string> event);
    /// Returns when all members have left.
    awaitable<void> until_empty() { return empty_.async_receive(use_awaitable); }

private:
    std::mutex mutex_;
    std::unordered_set<Feed*> members_;
    asio::experimental::concurrent_channel<void(boost::system::error_code)> empty_;
};

/// Sends a member's events to its client until the end.
awaitable<void> pass_on(Feed& feed, Answer& answer);
/// Returns a new member's first event.
json::object greeting(std::size_t joined);
/// Builds the request to the model.
json::array question(std::string_view message);
/// Returns the next event of the model's answer as text, or nothing at the end.
awaitable<std::optional<std::string>> next_event(Completion& completion);

/// All rooms.
class Rooms {
public:
    virtual ~Rooms() = default;

    /// Joins a room and sends its events to the client. Cancelling it leaves the room.
    virtual awaitable<void> serve_member(Answer& answer, std::string room, std::string message, std::size_t members) = 0;
};

/// Rooms of this process that wait for more members.
class OwnRooms : public Rooms {
public:
    OwnRooms(asio::io_context& context, Model& model) : context_(context), model_(model) {}

    awaitable<void> serve_member(Answer& answer, std::string room, std::string message, std::size_t members) override;

private:
    struct Member;

    asio::io_context& context_;
    Model& model_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Round>> waiting_;
};
