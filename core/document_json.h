// Documents as JSON text and as files (schema: docs/document-format.md). Reading never throws: any text and any file
// gives a document or a sentence that names the file, the key and the reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"
#include "core/nearest_key.h"

namespace convscope {

/// Larger tensors stand in .npy files beside the document.
inline constexpr int64_t kMaxInlineValues = 4096;
/// Larger document files are refused before they are read.
inline constexpr int64_t kMaxDocumentBytes = int64_t(32) << 20;

struct DocumentResult {
    Document document;
    std::string error;  // one sentence; "" when it was read
    bool ok() const { return error.empty(); }
};

/// The document as text. Large tensors are named by their content, but only save_document writes them.
std::string to_json(const Document& document);

/// Reads such text. Files it names are looked for in `base_dir`; `name` is what sentences call the text.
DocumentResult from_json(std::string_view text, const std::string& base_dir,
                         std::string_view name = "The document");

/// Writes the document and its tensor files, each beside and renamed. False with a sentence in `error` when it could not.
[[nodiscard]] bool save_document(const std::string& path, const Document& document,
                                 std::string& error);
DocumentResult load_document(const std::string& path);

}  // namespace convscope
