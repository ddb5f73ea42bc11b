#include "server.hpp"

#include "agent.hpp"
#include "crud.hpp"
#include "history.hpp"
#include "images.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

namespace beast = boost::beast;
using Request = http::request<http::string_body>;

// GCC 12 cannot compile initializer lists within co_await, so they are in functions.
static json::object failure(std::string_view why) { return {{"error", why}}; }

static json::array conversation(std::string_view message) { return {{{"role", "user"}, {"content", message}}}; }

static awaitable<void> send(tcp::socket& client, const Reply& reply) {
    http::response<http::string_body> response(reply.status, 11);
    if (!reply.body.is_null()) {
        response.set(http::field::content_type, "application/json");
        response.body() = json::serialize(reply.body);
    }
    response.prepare_payload();
    co_await http::async_write(client, response, use_awaitable);
}

static std::string image_of(const json::value& body) {
    auto url = text_of(body, "image");
    if (!decode(url)) throw bad_request("\"image\" is not the data: URL of an image");
    return url;
}

static std::size_t members_of(const json::value& body) {
    const auto* members = body.as_object().if_contains("members");
    if (!members || !members->is_int64() || members->as_int64() < 1 || members->as_int64() > 1000)
        throw bad_request("\"members\" must be from 1 to 1000");
    return static_cast<std::size_t>(members->as_int64());
}

/// Returns whether the route streams events.
static bool is_streamed(const Request& request, const Parts& parts) {
    const auto path = request.target();
    return request.method() == http::verb::post &&
           (path == "/chat" || path == "/agent" || path == "/sub-agents" || path == "/multimodal" || path == "/pubsub" ||
            (path == "/history" && parts.threads));
}

static awaitable<void> route(const Request& request, Parts& parts, Answer& answer) {
    static const std::vector<Tool> none;
    const auto path = request.target();
    const auto body = body_of(request.body());
    const auto message = text_of(body, "message");
    if (path == "/multimodal") co_return co_await see(parts.model, answer, message, image_of(body));
    if (path == "/sub-agents") co_return co_await plan(parts.model, answer, message);
    if (path == "/history")
        co_return co_await remember(parts.model, *parts.threads, answer, valid_id(text_of(body, "thread")), storable_text(body, "message"));
    if (path == "/pubsub")
        co_return co_await parts.rooms->serve_member(answer, valid_id(text_of(body, "room")), message, members_of(body));
    Agent agent{parts.model, answer, path == "/agent" ? all_tools() : none};
    co_await agent.run(conversation(message));
}

/// Answers a request. A failure becomes an error response before the first event, and the last
/// event after it.
static awaitable<void> respond(tcp::socket& client, const Request& request, Parts& parts) {
    Answer answer(client);
    Reply refusal{http::status::ok};
    try {
        co_await route(request, parts, answer);
    } catch (const Refusal& refused) {
        refusal = {refused.status, failure(refused.what())};
    } catch (const std::exception& failed) {
        refusal = {http::status::bad_gateway, failure(failed.what())};
    }
    if (refusal.status == http::status::ok)
        co_await answer.end("[DONE]");
    else if (answer.begun())
        co_await answer.end(json::serialize(refusal.body));
    else
        co_await send(client, refusal);
}

/// Answers a request with JSON.
static awaitable<Reply> whole(const Request& request, Parts& parts) {
    try {
        const std::string_view path = request.target();
        if (!parts.threads || !path.starts_with("/threads")) throw no_route();
        co_return co_await crud(*parts.threads, request.method(), path, request.body());
    } catch (const Refusal& refused) {
        co_return Reply{refused.status, failure(refused.what())};
    } catch (const std::exception& failed) {
        co_return Reply{http::status::internal_server_error, failure(failed.what())};
    }
}

/// Returns when the client disconnects.
static awaitable<void> left(tcp::socket& client) {
    char byte;
    boost::system::error_code error;
    // Another thread may have read the bytes that made the socket ready. A blocking peek would then
    // block the whole connection.
    do {
        co_await client.async_wait(tcp::socket::wait_read, use_awaitable);
        if (client.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error) == 0 && error != asio::error::would_block) co_return;
    } while (error);
    // The client has pipelined its next request, which is read after this one.
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(use_awaitable);
}

static awaitable<void> session(tcp::socket client, Parts& parts) {
    using namespace asio::experimental::awaitable_operators;
    beast::flat_buffer buffer;
    client.set_option(tcp::no_delay(true));
    client.non_blocking(true);
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(16 * 1024 * 1024);
        co_await http::async_read(client, buffer, parser, use_awaitable);
        const auto request = parser.release();
        if (!is_streamed(request, parts)) {
            const auto reply = co_await whole(request, parts);
            co_await send(client, reply);
        } else if ((co_await (respond(client, request, parts) || left(client))).index() == 1) {
            co_return;
        }
        if (!request.keep_alive()) co_return;
    }
}

static awaitable<void> listen(tcp::acceptor acceptor, asio::io_context& context, Parts& parts) {
    for (;;) {
        // A strand: each connection runs on one thread at a time.
        auto client = co_await acceptor.async_accept(asio::make_strand(context), use_awaitable);
        const auto executor = client.get_executor();
        // A disconnect of the client is not an error.
        asio::co_spawn(executor, session(std::move(client), parts), asio::detached);
    }
}

void serve(asio::io_context& context, unsigned short port, Parts& parts) {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
    asio::co_spawn(context, listen(std::move(acceptor), context, parts), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
}
