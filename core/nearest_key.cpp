// Levenshtein distance over the valid words.
#include "core/nearest_key.h"

#include <algorithm>
#include <utility>

namespace convscope {

std::string nearest_key(std::string_view key, const std::vector<std::string>& valid) {
    std::string nearest;
    size_t fewest = std::max<size_t>(2, key.size() / 3) + 1;  // further away it is another word
    if (key.size() > 64) return "";
    for (const std::string& candidate : valid) {
        // Levenshtein distance, one row at a time.
        std::vector<size_t> row(candidate.size() + 1);
        for (size_t j = 0; j < row.size(); ++j) row[j] = j;
        for (size_t i = 0; i < key.size(); ++i) {
            size_t diagonal = std::exchange(row[0], i + 1);
            for (size_t j = 0; j < candidate.size(); ++j) {
                const size_t replaced = diagonal + (key[i] != candidate[j]);
                diagonal = row[j + 1];
                row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
            }
        }
        if (row.back() < fewest) {
            fewest = row.back();
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace convscope
