// A thread pool for coroutines, and their awaitables, which C++20 leaves to its users.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

class Pool {
public:
    Pool() {
        for (unsigned cpu = 0; cpu < std::thread::hardware_concurrency(); cpu++) threads_.emplace_back([this] { run(); });
    }

    ~Pool() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_all();
    }

    void resume(std::coroutine_handle<> coroutine) {
        {
            const std::lock_guard lock(mutex_);
            ready_.push_back(coroutine);
        }
        changed_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stop_ || !ready_.empty(); });
            if (stop_) return;
            const auto coroutine = ready_.front();
            ready_.pop_front();
            lock.unlock();
            coroutine.resume();
            lock.lock();
        }
    }

    std::deque<std::coroutine_handle<>> ready_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    // Last, so that the threads find the other members initialized.
    std::vector<std::jthread> threads_;
};

// A coroutine without a waiter; its frame is destroyed when it ends.
struct Task {
    struct promise_type {
        Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

// Coroutines wait until it is opened.
class Gate {
public:
    explicit Gate(Pool& pool) : pool_(pool) {}

    struct Waiter {
        Gate& gate;
        std::coroutine_handle<> coroutine = nullptr;
        Waiter* next = nullptr;

        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiting) {
            coroutine = waiting;
            const std::lock_guard lock(gate.mutex_);
            if (gate.open_) return false;
            next = gate.first_;
            gate.first_ = this;
            return true;
        }
        void await_resume() const noexcept {}
    };

    Waiter operator co_await() { return {*this}; }

    void open() {
        Waiter* waiter;
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
            waiter = first_;
            first_ = nullptr;
        }
        while (waiter != nullptr) {
            // A resumed coroutine destroys its waiter.
            Waiter* const next = waiter->next;
            pool_.resume(waiter->coroutine);
            waiter = next;
        }
    }

    void close() { open_ = false; }

private:
    Pool& pool_;
    std::mutex mutex_;
    Waiter* first_ = nullptr;
    bool open_ = false;
};

// A thread waits until this many coroutines have counted it down.
class Countdown {
public:
    void add(std::size_t count) {
        const std::lock_guard lock(mutex_);
        left_ += count;
    }

    void done() {
        // Under the lock: the waiter may destroy the countdown as soon as it is released.
        const std::lock_guard lock(mutex_);
        if (--left_ == 0) zero_.notify_all();
    }

    void wait() {
        std::unique_lock lock(mutex_);
        zero_.wait(lock, [this] { return left_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable zero_;
    std::size_t left_ = 0;
};
