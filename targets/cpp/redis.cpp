#include "redis.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

static std::string written(const Words& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    for (const auto& word : command) {
        words.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* text = nullptr;
    const auto size = redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), sizes.data());
    if (size < 0) throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&redisFreeCommand)> freeing(text, redisFreeCommand);
    return std::string(text, size);
}

std::string_view text_of(const redisReply& reply) { return {reply.str ? reply.str : "", reply.str ? reply.len : 0}; }

awaitable<Redis::Reply> Redis::Connection::run(Words command) {
    const auto out = written(command);
    co_await asio::async_write(socket_, asio::buffer(out), use_awaitable);
    auto reply = co_await read();
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error("Redis: " + std::string(text_of(*reply)));
    co_return reply;
}

awaitable<Redis::Reply> Redis::Connection::read() {
    char part[4096];
    for (;;) {
        void* reply = nullptr;
        if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) throw std::runtime_error("Redis: " + std::string(reader_->errstr));
        if (reply) co_return Reply(static_cast<redisReply*>(reply));
        const auto size = co_await socket_.async_read_some(asio::buffer(part), use_awaitable);
        redisReaderFeed(reader_.get(), part, size);
    }
}

Redis::Redis(asio::io_context& context, const std::string& url) : context_(context) {
    // redis://:PASSWORD@HOST:PORT, without a user.
    const auto begin = url.find("//") + 2, at = url.rfind('@'), colon = url.rfind(':');
    if (at != url.npos) password_ = url.substr(url.find(':', begin) + 1, at - url.find(':', begin) - 1);
    const auto host = at == url.npos ? begin : at + 1;
    endpoint_ = {asio::ip::make_address(url.substr(host, colon - host)), static_cast<unsigned short>(std::stoul(url.substr(colon + 1)))};
}

static Words authentication(const std::string& password) { return {"AUTH", password}; }

awaitable<std::unique_ptr<Redis::Connection>> Redis::take() {
    {
        std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            co_return connection;
        }
    }
    tcp::socket socket(context_);
    co_await socket.async_connect(endpoint_, use_awaitable);
    socket.set_option(tcp::no_delay(true));
    auto connection = std::make_unique<Connection>(std::move(socket));
    if (!password_.empty()) co_await connection->run(authentication(password_));
    co_return connection;
}

void Redis::give(std::unique_ptr<Connection> connection) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
}

awaitable<Redis::Reply> Redis::run(Words command) {
    auto connection = co_await take();
    auto reply = co_await connection->run(std::move(command));
    give(std::move(connection));
    co_return reply;
}
