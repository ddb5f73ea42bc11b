// An agent: the model and its tools, turn by turn, until it answers.
#pragma once
#include "answer.hpp"
#include "model.hpp"
#include "tools.hpp"

struct Agent {
    Model& model;
    Answer& answer;
    const std::vector<Tool>& tools;
    /// The sub-agent's task, or nothing.
    std::string name = {};

    /// Goes on until the model answers without tools; gives the text of that turn.
    awaitable<std::string> run(json::array messages);

private:
    struct Call;
    awaitable<std::vector<Call>> turn(Completion& completion, std::string& text);
    awaitable<void> call(Call& call);
    awaitable<void> call_all(std::vector<Call>& calls);
    awaitable<void> tell(std::string_view kind, json::value value);
};

/// A planner whose tool is another agent.
awaitable<void> plan(Model& model, Answer& answer, std::string message);
