#include "pubsub.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

std::size_t Round::join(Feed& feed) {
    std::lock_guard lock(mutex_);
    members_.insert(&feed);
    return members_.size();
}

bool Round::leave(Feed& feed) {
    std::lock_guard lock(mutex_);
    members_.erase(&feed);
    if (members_.empty()) empty_.try_send(boost::system::error_code());
    return members_.empty();
}

void Round::broadcast(std::exception_ptr error, std::shared_ptr<const std::string> event) {
    std::lock_guard lock(mutex_);
    for (auto* member : members_)
        if (!member->try_send(error, event)) member->close();
}

json::array question(std::string_view message) { return {{{"role", "user"}, {"content", message}}}; }

json::object greeting(std::size_t joined) { return {{"joined", joined}}; }

awaitable<std::optional<std::string>> next_event(Completion& completion) {
    while (auto delta = co_await completion.next()) {
        const auto* content = delta->if_contains("content");
        if (!content || !content->is_string() || content->as_string().empty()) continue;
        const json::object event{{"content", *content}};
        co_return json::serialize(event);
    }
    co_return std::nullopt;
}

awaitable<void> pass_on(Feed& feed, Answer& answer) try {
    while (const auto event = co_await feed.async_receive(use_awaitable)) co_await answer.event(*event);
} catch (const boost::system::system_error& error) {
    if (error.code() != asio::experimental::error::channel_closed) throw;
    throw std::runtime_error("this member is too far behind");
}

/// Serializes each event once, and sends it to all members.
static awaitable<void> answer_all(Round& round, Model& model, std::string message) try {
    const auto messages = question(message);
    const json::array no_tools;
    auto completion = co_await model.ask(messages, no_tools);
    while (auto event = co_await next_event(*completion)) round.broadcast(nullptr, std::make_shared<const std::string>(std::move(*event)));
    round.broadcast(nullptr, nullptr);
} catch (const std::exception&) {
    round.broadcast(std::current_exception(), nullptr);
}

static awaitable<void> publish(std::shared_ptr<Round> round, Model& model, std::string message) {
    using namespace asio::experimental::awaitable_operators;
    co_await (answer_all(*round, model, std::move(message)) || round->until_empty());
}

/// Membership of a room, for the object's lifetime.
struct OwnRooms::Member {
    OwnRooms& rooms;
    const std::string room;
    Feed feed;
    std::shared_ptr<Round> round = {};
    std::size_t joined = 0;

    Member(OwnRooms& rooms, std::string room, asio::any_io_executor executor)
        : rooms(rooms), room(std::move(room)), feed(std::move(executor), max_lag) {}

    /// The member that completes the room starts the model call.
    void join(std::string message, std::size_t members) {
        std::lock_guard lock(rooms.mutex_);
        const auto strand = asio::make_strand(rooms.context_);
        round = rooms.waiting_.try_emplace(room, std::make_shared<Round>(strand)).first->second;
        joined = round->join(feed);
        if (joined < members) return;
        rooms.waiting_.erase(room);
        asio::co_spawn(strand, publish(round, rooms.model_, std::move(message)), asio::detached);
    }

    ~Member() {
        std::lock_guard lock(rooms.mutex_);
        if (!round || !round->leave(feed)) return;
        const auto waiting = rooms.waiting_.find(room);
        if (waiting != rooms.waiting_.end() && waiting->second == round) rooms.waiting_.erase(waiting);
    }
};

awaitable<void> OwnRooms::serve_member(Answer& answer, std::string room, std::string message, std::size_t members) {
    Member member(*this, std::move(room), co_await asio::this_coro::executor);
    member.join(std::move(message), members);
    const auto joined = greeting(member.joined);
    co_await answer.event(joined);
    co_await pass_on(member.feed, answer);
}
