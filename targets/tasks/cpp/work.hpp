// The work, the same in threads and in coroutines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

struct Found {
    std::size_t files = 0;
    std::uint32_t sum = 0;
    std::vector<std::filesystem::path> folders;
};

inline std::uint32_t xorshift(std::size_t piece, std::size_t steps) {
    std::uint32_t x = static_cast<std::uint32_t>(piece) + 1;
    while (steps-- > 0) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    return x;
}

inline std::uint32_t fnv(const std::vector<char>& data) {
    std::uint32_t hash = 2166136261;
    for (const char byte : data) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619;
    return hash;
}

// Reads the files of one folder, and hashes each `passes` times.
inline Found read_folder(const std::filesystem::path& folder, std::size_t passes) {
    Found found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_directory()) {
            found.folders.push_back(entry.path());
            continue;
        }
        std::vector<char> data(entry.file_size());
        std::ifstream file(entry.path(), std::ios::binary);
        if (!file.read(data.data(), static_cast<std::streamsize>(data.size()))) {
            throw std::runtime_error("a file cannot be read");
        }
        found.files++;
        found.sum += static_cast<std::uint32_t>(data.size());
        for (std::size_t pass = 0; pass < passes; pass++) {
            // Keeps each pass, although all give the same result.
            asm volatile("" : : "r"(data.data()) : "memory");
            found.sum += fnv(data);
        }
    }
    return found;
}
