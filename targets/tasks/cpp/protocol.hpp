// Requests from standard input, answers to standard output, as docs/tasks.md describes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

struct Answer {
    std::size_t done = 0;
    std::uint32_t sum = 0;
    std::string error;
};

using Words = std::vector<std::string>;
using Verbs = std::map<std::string, std::function<Answer(const Words&)>>;

inline Words split(const std::string& line) {
    Words words;
    std::istringstream in(line);
    for (std::string word; std::getline(in, word, '\t');) words.push_back(word);
    return words;
}

inline Answer perform(const Verbs& verbs, const Words& words) {
    try {
        return verbs.at(words.at(0))(words);
    } catch (const std::exception& error) {
        return {0, 0, error.what()};
    }
}

inline int serve(const Verbs& verbs) {
    for (std::string line; std::getline(std::cin, line);) {
        const auto start = std::chrono::steady_clock::now();
        const Answer answer = perform(verbs, split(line));
        const auto ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
        std::cout << "{\"done\":" << answer.done << ",\"sum\":" << answer.sum << ",\"ns\":" << ns;
        // Messages of the standard library contain neither quotes nor backslashes.
        if (!answer.error.empty()) std::cout << ",\"error\":\"" << answer.error << '"';
        std::cout << "}" << std::endl;
    }
    return 0;
}
