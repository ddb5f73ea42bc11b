// One answer of the model, published to all members of a room.
#pragma once
#include "answer.hpp"
#include "model.hpp"

#include <boost/asio/experimental/concurrent_channel.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

/// Events that a member may be behind before it is given up, so that nobody has to wait for it.
constexpr std::size_t patience = 1024;

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

/// Passes on what a member hears, to the end.
awaitable<void> pass_on(Feed& feed, Answer& answer);
/// The first event of who has joined.
json::object greeting(std::size_t joined);
/// What the model is asked.
json::array question(std::string_view message);
/// The next event of the model's answer, as text; nothing at its end.
awaitable<std::optional<std::string>> next_event(Completion& completion);

/// All rooms.
class Rooms {
public:
    virtual ~Rooms() = default;

    /// Joins a room, and passes on what is said there. Cancelling it is leaving.
    virtual awaitable<void> hear(Answer& answer, std::string room, std::string message, std::size_t members) = 0;
};

/// Rooms of this process that wait for more members.
class OwnRooms : public Rooms {
public:
    OwnRooms(asio::io_context& context, Model& model) : context_(context), model_(model) {}

    awaitable<void> hear(Answer& answer, std::string room, std::string message, std::size_t members) override;

private:
    struct Member;

    asio::io_context& context_;
    Model& model_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Round>> waiting_;
};
