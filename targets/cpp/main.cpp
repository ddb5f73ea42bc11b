// An agent server: it asks the model and streams events to the client.
#include "server.hpp"
#include "shared_rooms.hpp"

#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

static std::string variable(const char* name) {
    const char* value = std::getenv(name);
    if (!value) throw std::runtime_error(std::string(name) + " is not set");
    return value;
}

int main() try {
    const char* given = std::getenv("THREADS");
    const unsigned threads = given ? std::stoul(given) : std::max(1u, std::thread::hardware_concurrency());
    asio::io_context context(static_cast<int>(threads));
    Parts parts{Model(context, variable("UPSTREAM")), {}, {}};
    if (const char* place = std::getenv("DATABASE")) parts.threads = open_threads(context, place);
    if (const char* url = std::getenv("REDIS"))
        parts.rooms = std::make_unique<SharedRooms>(context, parts.model, url);
    else
        parts.rooms = std::make_unique<OwnRooms>(context, parts.model);
    serve(context, static_cast<unsigned short>(std::stoul(variable("PORT"))), parts);

    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([&] { context.run(); });
    context.run();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
