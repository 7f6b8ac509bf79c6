// Rows of words as text for a terminal.
#pragma once

#include <string>
#include <vector>

namespace convscope {

/// Each column as wide as its widest words; '<' columns begin at the same place, '>' columns end there.
class TextTable {
  public:
    explicit TextTable(std::string alignments) : alignments_(std::move(alignments)) {}
    /// As many words as there are columns, or fewer.
    void row(std::vector<std::string> words) { rows_.push_back(std::move(words)); }
    std::string text() const;

  private:
    std::string alignments_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace convscope
