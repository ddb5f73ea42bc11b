#include "shared_rooms.hpp"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>

using namespace asio::experimental::awaitable_operators;

/// Adds a member to the current round. Returns 0 if that round was already complete; the next one
/// starts then.
constexpr const char* count_in = R"(
    if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
    local present = redis.call('INCR', KEYS[2])
    redis.call('EXPIRE', KEYS[2], 3600)
    if present >= tonumber(ARGV[2]) then
        redis.call('INCR', KEYS[1])
        redis.call('EXPIRE', KEYS[1], 3600)
    end
    return present)";
/// Removes a member. If all have left a complete round, publishes its end, which stops the model
/// call.
constexpr const char* count_out = R"(
    if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
    redis.call('DEL', KEYS[2])
    if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end)";
/// Ends a round by publishing an empty text.
constexpr const char* end_round = "redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')";

/// Published messages: events, then the end or an error.
constexpr char an_event = '+', whole = '.', failed = '-';

/// The local part of a round.
struct SharedRooms::Heard : Round {
    const std::string room, number, channel;
    /// Holds one message once the subscription has succeeded or failed. A reader puts it back.
    asio::experimental::concurrent_channel<void(std::exception_ptr)> ready;
    asio::experimental::concurrent_channel<void(boost::system::error_code)> end;
    std::atomic<bool> over = false;

    Heard(asio::any_io_executor executor, const std::string& room, const std::string& number)
        : Round(executor), room(room), number(number), channel(room + ":" + number), ready(executor, 1), end(executor, 1) {}

    awaitable<void> until_ready() {
        const auto [error] = co_await ready.async_receive(asio::as_tuple(use_awaitable));
        ready.try_send(error);
        if (error) std::rethrow_exception(error);
    }

    awaitable<void> until_over() { return end.async_receive(use_awaitable); }
};

struct SharedRooms::Joined {
    Shared round;
    std::size_t count;
};

/// A counted membership, for the object's lifetime.
struct SharedRooms::Member {
    SharedRooms& rooms;
    const Shared round;
    Feed& feed;

    ~Member() { rooms.leave(round, feed); }
};

static Words get(const std::string& key) { return {"GET", key}; }

static Words one_key(const char* script, const std::string& key) { return {"EVAL", script, "1", key}; }

static Words counting_in(const std::string& room, const std::string& channel, const std::string& number, std::size_t members) {
    return {"EVAL", count_in, "2", room, channel, number, std::to_string(members)};
}

static Words counting_out(const std::string& room, const std::string& channel, const std::string& number) {
    return {"EVAL", count_out, "2", room, channel, number};
}

static Words publishing(const std::string& channel, const std::string& text) { return {"PUBLISH", channel, text}; }

static Words subscribing(const char* command, const std::string& channel) { return {command, channel}; }

/// Returns the kind of a reply on a subscribed connection: `message`, `unsubscribe`.
static std::string_view kind_of(const redisReply& reply) {
    return reply.type == REDIS_REPLY_ARRAY && reply.elements > 0 ? text_of(*reply.element[0]) : "";
}

SharedRooms::SharedRooms(asio::io_context& context, Model& model, const std::string& url)
    : context_(context), model_(model), redis_(context, url) {
    auto pong = asio::co_spawn(context, redis_.run(Words(1, "PING")), asio::use_future);
    context.run();
    context.restart();
    pong.get();
}

awaitable<void> SharedRooms::serve_member(Answer& answer, std::string room, std::string message, std::size_t members) {
    const auto executor = co_await asio::this_coro::executor;
    Feed feed(executor, max_lag);
    // A client that disconnects meanwhile has joined anyway.
    const auto joined = co_await asio::co_spawn(executor, join("room:" + room, std::move(message), members, feed),
                                                asio::bind_cancellation_slot(asio::cancellation_slot(), use_awaitable));
    const Member member{*this, joined.round, feed};
    const auto event = greeting(joined.count);
    co_await answer.event(event);
    co_await pass_on(feed, answer);
}

awaitable<SharedRooms::Joined> SharedRooms::join(std::string room, std::string message, std::size_t members, Feed& feed) {
    for (;;) {
        const auto reply = co_await redis_.run(get(room));
        const std::string number(reply->type == REDIS_REPLY_NIL ? "0" : text_of(*reply));
        const auto round = enter(room, number, feed);
        std::size_t count = 0;
        try {
            co_await round->until_ready();
            const auto counted = co_await redis_.run(counting_in(room, round->channel, number, members));
            count = static_cast<std::size_t>(counted->integer);
        } catch (...) {
            exit(round, feed);
            throw;
        }
        if (count >= members) {
            const auto strand = asio::make_strand(context_);
            // The server stays subscribed to the round until publishing ends, even without a local
            // member.
            const auto publisher = std::make_shared<Feed>(strand, 0);
            round->join(*publisher);
            asio::co_spawn(strand, publish(round, publisher, std::move(message)), asio::detached);
        }
        if (count > 0) co_return Joined{round, count};
        // The round was complete before this member was counted.
        exit(round, feed);
    }
}

/// Subscribes a member to the round's channel. The member is not counted yet.
SharedRooms::Shared SharedRooms::enter(const std::string& room, const std::string& number, Feed& feed) {
    std::lock_guard lock(mutex_);
    auto& round = rounds_[room + ":" + number];
    if (!round) {
        const auto strand = asio::make_strand(context_);
        round = std::make_shared<Heard>(strand, room, number);
        asio::co_spawn(strand, listen(round), asio::detached);
    }
    round->join(feed);
    return round;
}

/// Unsubscribes from a round without local members.
void SharedRooms::exit(const Shared& round, Feed& feed) {
    std::lock_guard lock(mutex_);
    if (round->leave(feed)) drop(round);
}

void SharedRooms::leave(const Shared& round, Feed& feed) {
    exit(round, feed);
    if (!round->over)
        asio::co_spawn(context_, redis_.run(counting_out(round->room, round->channel, round->number)), asio::detached);
}

/// The caller holds the mutex.
void SharedRooms::drop(const Shared& round) {
    const auto found = rounds_.find(round->channel);
    if (found != rounds_.end() && found->second == round) rounds_.erase(found);
}

/// Sends published events to the local members, until the end or until none is left.
awaitable<void> SharedRooms::listen(Shared round) try {
    auto connection = co_await redis_.take();
    co_await connection->run(subscribing("SUBSCRIBE", round->channel));
    round->ready.try_send(nullptr);
    const auto first = co_await (follow(*connection, *round) || round->until_empty());
    if (first.index() == 1) co_return;
    round->over = true;
    round->end.try_send(boost::system::error_code());
    {
        std::lock_guard lock(mutex_);
        drop(round);
    }
    // Messages that were already published arrive before the reply.
    auto reply = co_await connection->run(subscribing("UNSUBSCRIBE", round->channel));
    while (kind_of(*reply) != "unsubscribe") reply = co_await connection->read();
    redis_.give(std::move(connection));
} catch (const std::exception&) {
    std::lock_guard lock(mutex_);
    drop(round);
    round->ready.try_send(std::current_exception());
    round->broadcast(std::current_exception(), nullptr);
}

/// Returns at the end of the round, or when Redis fails.
awaitable<void> SharedRooms::follow(Redis::Connection& connection, Heard& round) try {
    for (;;) {
        const auto message = co_await connection.read();
        // A reply has its kind, its channel and its text.
        if (message->type != REDIS_REPLY_ARRAY || message->elements != 3) continue;
        const auto text = text_of(*message->element[2]);
        if (text.empty()) co_return;
        if (text[0] == an_event)
            round.broadcast(nullptr, std::make_shared<const std::string>(text.substr(1)));
        else if (text[0] == whole)
            round.broadcast(nullptr, nullptr);
        else
            round.broadcast(std::make_exception_ptr(std::runtime_error(std::string(text.substr(1)))), nullptr);
    }
} catch (const std::exception&) {
    round.broadcast(std::current_exception(), nullptr);
}

/// Asks the model until all members have left. Subscribers see a failure of Redis too.
awaitable<void> SharedRooms::publish(Shared round, std::shared_ptr<Feed> publisher, std::string message) {
    co_await (ask(*round, std::move(message)) || round->until_over());
    exit(round, *publisher);
}

awaitable<void> SharedRooms::ask(Heard& round, std::string message) {
    std::string last(1, whole);
    try {
        const auto messages = question(message);
        const json::array no_tools;
        auto completion = co_await model_.ask(messages, no_tools);
        while (auto event = co_await next_event(*completion)) co_await redis_.run(publishing(round.channel, an_event + *event));
    } catch (const std::exception& error) {
        last = failed + std::string(error.what());
    }
    co_await redis_.run(publishing(round.channel, last));
    co_await redis_.run(one_key(end_round, round.channel));
}
