// Runs the jobs of docs/tasks.md in threads.
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <semaphore>
#include <system_error>
#include <thread>

#include "protocol.hpp"
#include "work.hpp"

namespace {

std::size_t number(const Words& words, std::size_t at) { return std::stoull(words.at(at)); }

// Threads that have started and wait until they are ended.
class Idle {
public:
    Answer spawn(std::size_t count) {
        stop_ = false;
        started_ = 0;
        Answer answer;
        threads_.reserve(count);
        try {
            for (std::size_t made = 0; made < count; made++) threads_.emplace_back([this] { wait(); });
        } catch (const std::system_error& error) {
            answer.error = error.what();
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return started_ == threads_.size(); });
        answer.done = threads_.size();
        return answer;
    }

    Answer end() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        stopped_.notify_all();
        const std::size_t count = threads_.size();
        for (auto& thread : threads_) thread.join();
        threads_.clear();
        return {count, 0, ""};
    }

private:
    void wait() {
        std::unique_lock lock(mutex_);
        started_++;
        changed_.notify_one();
        stopped_.wait(lock, [this] { return stop_; });
    }

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable changed_, stopped_;
    std::size_t started_ = 0;
    bool stop_ = false;
};

// Passes a token back and forth between two threads.
Answer hand(std::size_t turns) {
    std::binary_semaphore there(0), back(0);
    const auto take = [turns](auto& mine, auto& other) {
        for (std::size_t turn = 0; turn < turns; turn++) {
            mine.acquire();
            other.release();
        }
    };
    std::jthread echo([&] { take(there, back); });
    std::jthread first([&] {
        for (std::size_t turn = 0; turn < turns; turn++) {
            there.release();
            back.acquire();
        }
    });
    first.join();
    echo.join();
    return {turns, 0, ""};
}

// Runs the function in one thread per CPU.
template <typename Function>
void on_all_cpus(Function function) {
    std::vector<std::jthread> threads;
    for (unsigned cpu = 0; cpu < std::thread::hardware_concurrency(); cpu++) threads.emplace_back(function);
}

Answer compute(std::size_t pieces, std::size_t steps) {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::uint32_t> sum = 0;
    on_all_cpus([&] {
        for (std::size_t piece; (piece = next++) < pieces;) sum += xorshift(piece, steps);
    });
    return {pieces, sum, ""};
}

// Folders still to be read, which the threads take from and add to.
class Walk {
public:
    Walk(const std::string& folder, std::size_t passes) : folders_{folder}, passes_(passes) {}

    Answer run() {
        on_all_cpus([this] { take(); });
        return answer_;
    }

private:
    void take() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return !folders_.empty() || busy_ == 0; });
            if (folders_.empty()) return;
            const auto folder = folders_.back();
            folders_.pop_back();
            busy_++;
            lock.unlock();
            Found found;
            std::string error;
            try {
                found = read_folder(folder, passes_);
            } catch (const std::exception& failed) {
                error = failed.what();
            }
            lock.lock();
            add(found, error);
        }
    }

    void add(const Found& found, const std::string& error) {
        answer_.done += found.files;
        answer_.sum += found.sum;
        if (!error.empty()) answer_.error = error;
        folders_.insert(folders_.end(), found.folders.begin(), found.folders.end());
        busy_--;
        changed_.notify_all();
    }

    std::vector<std::filesystem::path> folders_;
    std::size_t passes_;
    std::size_t busy_ = 0;
    Answer answer_;
    std::mutex mutex_;
    std::condition_variable changed_;
};

}  // namespace

int main() {
    Idle idle;
    return serve({
        {"spawn", [&](const Words& words) { return idle.spawn(number(words, 1)); }},
        {"end", [&](const Words&) { return idle.end(); }},
        {"switch", [](const Words& words) { return hand(number(words, 1)); }},
        {"compute", [](const Words& words) { return compute(number(words, 1), number(words, 2)); }},
        {"read", [](const Words& words) { return Walk(words.at(1), number(words, 2)).run(); }},
    });
}
