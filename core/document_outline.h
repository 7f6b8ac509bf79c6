// What a document is, without its numbers: layers and shapes, read from its text in little memory.
#pragma once

#include <string>
#include <string_view>

#include "core/document.h"

namespace convscope {

struct DocumentOutline {
    Document document;  // tensors are empty; the input's origin says where its numbers come from
    Shape input;        // 0×0×0×0: only the image knows
    std::string error;  // one sentence, as reading the document gives; "" when it was read
    bool ok() const { return error.empty(); }
};

/// As from_json, but no tensor is made, and no file is opened.
DocumentOutline outline_json(std::string_view text, const std::string& base_dir, std::string_view name);
/// Of the first document line in the text.
DocumentOutline outline_line(std::string_view text);

}  // namespace convscope
