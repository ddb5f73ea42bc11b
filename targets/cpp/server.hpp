// The HTTP server and its routes.
#pragma once
#include "model.hpp"
#include "pubsub.hpp"
#include "threads.hpp"

/// State that the routes share.
struct Parts {
    Model model;
    std::unique_ptr<Rooms> rooms;
    /// Null without a database.
    std::unique_ptr<Threads> threads;
};

/// Listens on 127.0.0.1, and serves connections in `context`.
void serve(asio::io_context& context, unsigned short port, Parts& parts);
