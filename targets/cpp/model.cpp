#include "model.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>

namespace beast = boost::beast;
namespace http = beast::http;

Pool::Pool(asio::io_context& context, const std::string& url) : context_(context) {
    host_ = url.substr(url.find("//") + 2);
    const auto colon = host_.rfind(':');
    endpoint_ = {asio::ip::make_address(host_.substr(0, colon)), static_cast<unsigned short>(std::stoul(host_.substr(colon + 1)))};
}

std::optional<tcp::socket> Pool::take() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return {};
    std::optional<tcp::socket> socket(std::move(idle_.back()));
    idle_.pop_back();
    return socket;
}

awaitable<tcp::socket> Pool::connect() {
    tcp::socket socket(context_);
    co_await socket.async_connect(endpoint_, use_awaitable);
    socket.set_option(tcp::no_delay(true));
    co_return socket;
}

void Pool::give(tcp::socket socket) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(socket));
}

awaitable<void> Completion::begin(const std::string& body) {
    http::request<http::string_body> request(http::verb::post, "/v1/chat/completions", 11, body);
    request.set(http::field::host, pool_.host());
    request.set(http::field::content_type, "application/json");
    request.prepare_payload();
    co_await http::async_write(socket_, request, use_awaitable);
    co_await http::async_read_header(socket_, buffer_, parser_, use_awaitable);
}

awaitable<std::optional<json::object>> Completion::next() {
    while (auto text = co_await line()) {
        if (done_ || !text->starts_with("data:")) continue;
        std::string_view data(*text);
        data.remove_prefix(std::min(data.find_first_not_of(' ', 5), data.size()));
        if (data == "[DONE]") {
            done_ = true;
            continue;
        }
        // A chunk without choices only has the usage.
        auto chunk = json::parse(data);
        auto& choices = chunk.as_object().at("choices").as_array();
        if (!choices.empty()) co_return std::move(choices[0].as_object().at("delta").as_object());
    }
    if (!done_) throw std::runtime_error("the model broke off");
    if (parser_.keep_alive()) pool_.give(std::move(socket_));
    co_return std::nullopt;
}

/// Splits the body into lines that end with LF or CR LF, across reads.
awaitable<std::optional<std::string>> Completion::line() {
    auto end = text_.find('\n', at_);
    while (end == std::string::npos) {
        if (parser_.is_done()) co_return std::nullopt;
        text_.erase(0, at_);
        at_ = 0;
        const auto searched = text_.size();
        co_await read_more();
        end = text_.find('\n', searched);
    }
    auto line = text_.substr(at_, end - at_);
    at_ = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    co_return line;
}

awaitable<void> Completion::read_more() {
    char part[16 * 1024];
    auto& body = parser_.get().body();
    body.data = part;
    body.size = sizeof part;
    boost::system::error_code error;
    co_await http::async_read_some(socket_, buffer_, parser_, asio::redirect_error(use_awaitable, error));
    // The buffer may fill up before the body ends.
    if (error && error != http::error::need_buffer) throw boost::system::system_error(error, "the model broke off");
    text_.append(part, sizeof part - body.size);
}

awaitable<std::unique_ptr<Completion>> Model::ask(const json::array& messages, const json::array& tools) {
    json::object request{{"model", "stub"}, {"stream", true}, {"messages", messages}};
    if (!tools.empty()) request["tools"] = tools;
    const auto body = json::serialize(request);

    std::unique_ptr<Completion> completion;
    bool begun = false;
    if (auto socket = pool_.take()) {
        completion = std::make_unique<Completion>(pool_, std::move(*socket));
        try {
            co_await completion->begin(body);
            begun = true;
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            // The model has closed an idle connection; retry on a new one.
        }
    }
    if (!begun) {
        completion = std::make_unique<Completion>(pool_, co_await pool_.connect());
        co_await completion->begin(body);
    }
    if (completion->status() != 200) throw std::runtime_error("the model answered " + std::to_string(completion->status()));
    co_return completion;
}
