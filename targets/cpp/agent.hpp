// An agent: asks the model and runs its tools, turn by turn, until the model answers.
#pragma once
#include "answer.hpp"
#include "model.hpp"
#include "tools.hpp"

struct Agent {
    Model& model;
    Answer& answer;
    const std::vector<Tool>& tools;
    /// The sub-agent's task, or empty.
    std::string name = {};

    /// Runs until the model answers without tools, and returns the text of that turn.
    awaitable<std::string> run(json::array messages);

private:
    struct Call;
    awaitable<std::vector<Call>> turn(Completion& completion, std::string& text);
    awaitable<void> call(Call& call);
    awaitable<void> call_all(std::vector<Call>& calls);
    awaitable<void> emit(std::string_view kind, json::value value);
};

/// A planner whose tool runs a sub-agent.
awaitable<void> plan(Model& model, Answer& answer, std::string message);
