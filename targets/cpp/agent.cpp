#include "agent.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

constexpr int max_turns = 20;

struct Agent::Call {
    std::string id, name, text;
    json::value arguments = nullptr;
    json::object result = {};

    json::object asked() const { return {{"id", id}, {"type", "function"}, {"function", {{"name", name}, {"arguments", text}}}}; }
    json::object as_message() const { return {{"role", "tool"}, {"tool_call_id", id}, {"content", json::serialize(result)}}; }
};

static std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

awaitable<void> Agent::emit(std::string_view kind, json::value value) {
    json::object event{{kind, std::move(value)}};
    if (!name.empty()) event["agent"] = name;
    co_await answer.event(event);
}

awaitable<std::string> Agent::run(json::array messages) {
    json::array definitions;
    for (const auto& tool : tools) definitions.push_back(tool.definition());
    for (int turns = 1;; ++turns) {
        std::string text;
        auto completion = co_await model.ask(messages, definitions);
        auto calls = co_await turn(*completion, text);
        if (calls.empty()) co_return text;
        if (turns == max_turns) throw std::runtime_error("no answer after " + std::to_string(max_turns) + " turns");
        json::array asked;
        for (const auto& call : calls) asked.push_back(call.asked());
        messages.push_back({{"role", "assistant"}, {"content", text}, {"tool_calls", asked}});
        co_await call_all(calls);
        for (const auto& call : calls) messages.push_back(call.as_message());
    }
}

/// Sends the model's tokens, and returns its tool calls.
awaitable<std::vector<Agent::Call>> Agent::turn(Completion& completion, std::string& text) {
    std::vector<Call> calls;
    while (auto delta = co_await completion.next()) {
        if (const auto content = text_of(*delta, "content"); !content.empty()) {
            text += content;
            co_await emit("content", json::string(content));
        }
        const auto* parts = delta->if_contains("tool_calls");
        if (!parts || !parts->is_array()) continue;
        // The first delta of a call has its id and name; each has a fragment of its arguments.
        for (const auto& value : parts->as_array()) {
            const auto& part = value.as_object();
            const auto index = part.at("index").to_number<std::size_t>();
            if (index > calls.size()) throw std::runtime_error("the model has left out a call");
            if (index == calls.size()) calls.push_back({text_of(part, "id"), {}, {}});
            const auto& function = part.at("function").as_object();
            calls[index].name += text_of(function, "name");
            calls[index].text += text_of(function, "arguments");
        }
    }
    co_return calls;
}

/// Runs all calls concurrently. The first failure cancels the others.
awaitable<void> Agent::call_all(std::vector<Call>& calls) {
    for (auto& call : calls) {
        boost::system::error_code error;
        call.arguments = json::parse(call.text, error);
        if (error) call.arguments = json::string(call.text);
        json::object asked{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
        co_await emit("tool_call", std::move(asked));
    }
    const auto executor = co_await asio::this_coro::executor;
    using Operation = decltype(asio::co_spawn(executor, call(calls[0]), asio::deferred));
    std::vector<Operation> operations;
    for (auto& each : calls) operations.push_back(asio::co_spawn(executor, call(each), asio::deferred));
    auto [order, errors] = co_await asio::experimental::make_parallel_group(std::move(operations))
                               .async_wait(asio::experimental::wait_for_one_error(), use_awaitable);
    for (const auto at : order)
        if (errors[at]) std::rethrow_exception(errors[at]);
}

awaitable<void> Agent::call(Call& call) {
    const auto tool = std::find_if(tools.begin(), tools.end(), [&](const Tool& tool) { return tool.name == call.name; });
    const auto error = tool == tools.end() ? "there is no tool " + call.name : tool->mistake(call.arguments);
    if (error.empty())
        call.result = co_await tool->run(call.arguments.as_object());
    else
        call.result = {{"error", error}};
    json::object returned{{"id", call.id}, {"name", call.name}, {"result", call.result}};
    co_await emit("tool_result", std::move(returned));
}

static json::array conversation(std::string_view system, std::string_view user) {
    return {{{"role", "system"}, {"content", system}}, {{"role", "user"}, {"content", user}}};
}

awaitable<void> plan(Model& model, Answer& answer, std::string message) {
    const std::vector<Tool> searching{search()};
    auto delegate = [&](json::object arguments) -> awaitable<json::object> {
        const auto task = std::string(arguments.at("task").as_string());
        Agent researcher{model, answer, searching, task};
        auto report = co_await researcher.run(conversation("You research. Search first, then answer.", task));
        co_return json::object{{"answer", report}};
    };
    const std::vector<Tool> delegating{{"delegate", "Gives a task to a researcher", {{"task", Kind::string}}, delegate}};
    Agent planner{model, answer, delegating};
    co_await planner.run(conversation("You plan. Delegate, then sum up.", message));
}
