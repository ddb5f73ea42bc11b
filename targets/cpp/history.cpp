#include "history.hpp"

#include "agent.hpp"

#include <boost/json.hpp>

/// The most messages of a thread that the model gets.
constexpr int history_limit = 20;

static json::array conversation(const Rows& stored, std::string_view message) {
    json::array messages;
    for (const auto& [role, content] : stored) messages.push_back({{"role", role}, {"content", content}});
    messages.push_back({{"role", "user"}, {"content", message}});
    return messages;
}

awaitable<void> remember(Model& model, Threads& threads, Answer& answer, std::string thread, std::string message) {
    const std::vector<Tool> none;
    const auto stored = co_await threads.latest(thread, history_limit);
    Agent agent{model, answer, none};
    const auto text = co_await agent.run(conversation(stored, message));
    co_await threads.record(thread, message, text);
}
