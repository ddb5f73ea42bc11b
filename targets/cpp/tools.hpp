// The tools that the model may call.
#pragma once
#include "net.hpp"

#include <functional>
#include <string>
#include <vector>

enum class Kind { string, number };

struct Tool {
    std::string name;
    std::string description;
    std::vector<std::pair<std::string, Kind>> parameters;
    std::function<awaitable<json::object>(json::object arguments)> run;

    /// How the API wants to be told of it.
    json::object definition() const;
    /// What is wrong with the arguments of a call; nothing if they fit.
    std::string mistake(const json::value& arguments) const;
};

Tool search();
const std::vector<Tool>& all_tools();
