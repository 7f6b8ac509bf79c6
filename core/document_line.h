// A document as one line of text, to paste into another window or a chat: "convscope:" and its compressed JSON in base64.
#pragma once

#include <string>
#include <string_view>

#include "core/document_json.h"

namespace convscope {

/// Longer lines are neither made nor read.
inline constexpr size_t kMostLineBytes = size_t(64) << 10;

struct DocumentLine {
    std::string line;
    std::string error;  // one sentence that says why there is none; "" when there is
    bool ok() const { return error.empty(); }
};

/// Every number is in the line: an image is its numbers, and no path leaves this machine.
DocumentLine document_line(const Document& document);

/// A line stands somewhere in the text, whatever is around it.
bool holds_document_line(std::string_view text);
/// The document of the first such line. Nothing but the line is read: files that it names are refused.
DocumentResult read_document_line(std::string_view text);

}  // namespace convscope
