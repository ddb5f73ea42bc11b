#include "server.hpp"

#include "agent.hpp"
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
namespace http = beast::http;
using Request = http::request<http::string_body>;

// GCC 12 cannot compile initializer lists within co_await, so they stand in functions.
static std::string failure(std::string_view why) { return json::serialize(json::object{{"error", why}}); }

static json::array conversation(std::string_view message) { return {{{"role", "user"}, {"content", message}}}; }

static awaitable<void> refuse(tcp::socket& client, http::status status, std::string_view why) {
    http::response<http::string_body> response(status, 11, failure(why));
    response.set(http::field::content_type, "application/json");
    response.prepare_payload();
    co_await http::async_write(client, response, use_awaitable);
}

static json::value body_of(const Request& request) {
    boost::system::error_code error;
    auto body = json::parse(request.body(), error);
    if (error) throw BadRequest("the body is not JSON: " + error.message());
    return body;
}

/// A text in a request's body.
static std::string text_of(const json::value& body, std::string_view field) {
    const auto* object = body.if_object();
    const auto* text = object ? object->if_contains(field) : nullptr;
    if (!text || !text->is_string() || text->as_string().empty()) throw BadRequest('"' + std::string(field) + "\" is missing");
    return std::string(text->as_string());
}

static std::string image_of(const json::value& body) {
    auto url = text_of(body, "image");
    if (!decode(url)) throw BadRequest("\"image\" is not the data: URL of an image");
    return url;
}

static bool is_route(std::string_view path) {
    return path == "/chat" || path == "/agent" || path == "/sub-agents" || path == "/multimodal";
}

static awaitable<void> route(const Request& request, Model& model, Answer& answer) {
    static const std::vector<Tool> none;
    const auto body = body_of(request);
    const auto message = text_of(body, "message");
    if (request.target() == "/multimodal") co_return co_await see(model, answer, message, image_of(body));
    if (request.target() == "/sub-agents") co_return co_await plan(model, answer, message);
    Agent agent{model, answer, request.target() == "/agent" ? all_tools() : none};
    co_await agent.run(conversation(message));
}

/// Answers, or says what went wrong: as a refusal if nothing was sent yet, else as the last event.
static awaitable<void> respond(tcp::socket& client, const Request& request, Model& model) {
    Answer answer(client);
    auto status = http::status::ok;
    std::string error;
    try {
        co_await route(request, model, answer);
    } catch (const BadRequest& bad) {
        status = http::status::bad_request;
        error = bad.what();
    } catch (const std::exception& failed) {
        status = http::status::bad_gateway;
        error = failed.what();
    }
    if (status == http::status::ok)
        co_await answer.end("[DONE]");
    else if (answer.begun())
        co_await answer.end(failure(error));
    else
        co_await refuse(client, status, error);
}

/// Returns when the client has left; waits for as long as it has not.
static awaitable<void> left(tcp::socket& client) {
    char byte;
    boost::system::error_code error;
    // Readiness may be that of bytes which another thread has read meanwhile. Then there is nothing to look at, and a
    // socket that blocks would hold up its whole connection.
    do {
        co_await client.async_wait(tcp::socket::wait_read, use_awaitable);
        if (client.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error) == 0 && error != asio::error::would_block) co_return;
    } while (error);
    // Its next request is here already, and is read after this one.
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(use_awaitable);
}

static awaitable<void> session(tcp::socket client, Model& model) {
    using namespace asio::experimental::awaitable_operators;
    beast::flat_buffer buffer;
    client.set_option(tcp::no_delay(true));
    client.non_blocking(true);
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(16 * 1024 * 1024);
        co_await http::async_read(client, buffer, parser, use_awaitable);
        const auto request = parser.release();
        if (request.method() != http::verb::post || !is_route(request.target()))
            co_await refuse(client, http::status::not_found, "there is no such route");
        else if ((co_await (respond(client, request, model) || left(client))).index() == 1)
            co_return;
        if (!request.keep_alive()) co_return;
    }
}

static awaitable<void> listen(tcp::acceptor acceptor, asio::io_context& context, Model& model) {
    for (;;) {
        // Each connection runs on one thread at a time.
        auto client = co_await acceptor.async_accept(asio::make_strand(context), use_awaitable);
        const auto executor = client.get_executor();
        // A client that has left is not an error of the server.
        asio::co_spawn(executor, session(std::move(client), model), asio::detached);
    }
}

void serve(asio::io_context& context, unsigned short port, Model& model) {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
    asio::co_spawn(context, listen(std::move(acceptor), context, model), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
}
