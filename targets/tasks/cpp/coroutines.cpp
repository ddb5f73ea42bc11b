// Runs the jobs of docs/tasks.md in coroutines.
#include <atomic>

#include "pool.hpp"
#include "protocol.hpp"
#include "work.hpp"

namespace {

std::size_t number(const Words& words, std::size_t at) { return std::stoull(words.at(at)); }

// Coroutines that have started and wait until they are ended.
class Idle {
public:
    explicit Idle(Pool& pool) : pool_(pool), stop_(pool) {}

    Answer spawn(std::size_t count) {
        count_ = count;
        stop_.close();
        started_.add(count);
        ended_.add(count);
        for (std::size_t made = 0; made < count; made++) pool_.resume(wait().handle);
        started_.wait();
        return {count, 0, ""};
    }

    Answer end() {
        stop_.open();
        ended_.wait();
        return {count_, 0, ""};
    }

private:
    Task wait() {
        started_.done();
        co_await stop_;
        ended_.done();
    }

    Pool& pool_;
    Gate stop_;
    Countdown started_, ended_;
    std::size_t count_ = 0;
};

// Two gates, opened in turns, one for each coroutine of a pair.
struct Pair {
    explicit Pair(Pool& pool) : there(pool), back(pool) {}

    Task first(std::size_t turns) {
        for (std::size_t turn = 0; turn < turns; turn++) {
            there.open();
            co_await back;
            back.close();
        }
        ended.done();
    }

    Task echo(std::size_t turns) {
        for (std::size_t turn = 0; turn < turns; turn++) {
            co_await there;
            there.close();
            back.open();
        }
        ended.done();
    }

    Gate there, back;
    Countdown ended;
};

// Passes a token back and forth between two coroutines.
Answer hand(Pool& pool, std::size_t turns) {
    Pair pair(pool);
    pair.ended.add(2);
    pool.resume(pair.echo(turns).handle);
    pool.resume(pair.first(turns).handle);
    pair.ended.wait();
    return {turns, 0, ""};
}

Task piece(std::size_t at, std::size_t steps, std::atomic<std::uint32_t>& sum, Countdown& left) {
    sum += xorshift(at, steps);
    left.done();
    co_return;
}

Answer compute(Pool& pool, std::size_t pieces, std::size_t steps) {
    std::atomic<std::uint32_t> sum = 0;
    Countdown left;
    left.add(pieces);
    for (std::size_t at = 0; at < pieces; at++) pool.resume(piece(at, steps, sum, left).handle);
    left.wait();
    return {pieces, sum, ""};
}

// Reads a tree with one coroutine per folder.
class Walk {
public:
    Walk(Pool& pool, std::size_t passes) : pool_(pool), passes_(passes) {}

    Answer run(std::filesystem::path folder) {
        start(std::move(folder));
        left_.wait();
        return {files_, sum_, error_};
    }

private:
    void start(std::filesystem::path path) {
        left_.add(1);
        pool_.resume(folder(std::move(path)).handle);
    }

    Task folder(std::filesystem::path path) {
        try {
            Found found = read_folder(path, passes_);
            files_ += found.files;
            sum_ += found.sum;
            for (auto& inside : found.folders) start(std::move(inside));
        } catch (const std::exception& error) {
            const std::lock_guard lock(mutex_);
            error_ = error.what();
        }
        left_.done();
        co_return;
    }

    Pool& pool_;
    std::size_t passes_;
    Countdown left_;
    std::atomic<std::size_t> files_ = 0;
    std::atomic<std::uint32_t> sum_ = 0;
    std::mutex mutex_;
    std::string error_;
};

}  // namespace

int main() {
    Pool pool;
    Idle idle(pool);
    return serve({
        {"spawn", [&](const Words& words) { return idle.spawn(number(words, 1)); }},
        {"end", [&](const Words&) { return idle.end(); }},
        {"switch", [&](const Words& words) { return hand(pool, number(words, 1)); }},
        {"compute", [&](const Words& words) { return compute(pool, number(words, 1), number(words, 2)); }},
        {"read", [&](const Words& words) { return Walk(pool, number(words, 2)).run(words.at(1)); }},
    });
}
