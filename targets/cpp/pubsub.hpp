// One answer of the model, published to all members of a room.
#pragma once
#include "answer.hpp"
#include "model.hpp"

#include <boost/asio/experimental/concurrent_channel.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

/// What one member is told: events, then a null, or else why there are no more.
using Feed = asio::experimental::concurrent_channel<void(std::exception_ptr, std::shared_ptr<const std::string>)>;

/// Those who hear the same answer, each in a strand of its own.
class Round {
public:
    explicit Round(asio::any_io_executor executor) : empty_(std::move(executor), 1) {}

    /// Gives how many are there now.
    std::size_t join(Feed& feed);
    /// Whether nobody is left.
    bool leave(Feed& feed);
    void say(std::exception_ptr error, std::shared_ptr<const std::string> event);
    /// Returns once all have left.
    awaitable<void> until_empty() { return empty_.async_receive(use_awaitable); }

private:
    std::mutex mutex_;
    std::unordered_set<Feed*> members_;
    asio::experimental::concurrent_channel<void(boost::system::error_code)> empty_;
};

/// Rooms that wait for more members.
class Rooms {
public:
    Rooms(asio::io_context& context, Model& model) : context_(context), model_(model) {}

    /// Joins a room, and passes on what is said there. Cancelling it is leaving.
    awaitable<void> hear(Answer& answer, std::string room, std::string message, std::size_t members);

private:
    struct Member;

    asio::io_context& context_;
    Model& model_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Round>> waiting_;
};
