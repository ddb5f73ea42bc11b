// The HTTP server and its routes.
#pragma once
#include "model.hpp"
#include "pubsub.hpp"
#include "threads.hpp"

/// What the routes need.
struct Parts {
    Model model;
    std::unique_ptr<Rooms> rooms;
    /// Only where there is a database.
    std::unique_ptr<Threads> threads;
};

/// Listens on 127.0.0.1; what it accepts runs in `context`.
void serve(asio::io_context& context, unsigned short port, Parts& parts);
