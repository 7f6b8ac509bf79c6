#include "app/text_table.h"

#include <algorithm>

#include "app/scene/numbers.h"

namespace convscope {

std::string TextTable::text() const {
    std::vector<size_t> widths(alignments_.size());
    for (const auto& words : rows_)
        for (size_t i = 0; i < words.size(); ++i) widths[i] = std::max(widths[i], glyphs(words[i]));
    std::string out;
    for (const auto& words : rows_) {
        std::string line;
        for (size_t i = 0; i < words.size(); ++i) {
            const std::string space(widths[i] - glyphs(words[i]), ' ');
            line += (i == 0 ? "" : "  ") +
                    (alignments_[i] == '>' ? space + words[i] : words[i] + space);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace convscope
