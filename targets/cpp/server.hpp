// The HTTP server and its routes.
#pragma once
#include "model.hpp"

/// Listens on 127.0.0.1; what it accepts runs in `context`.
void serve(asio::io_context& context, unsigned short port, Model& model);
