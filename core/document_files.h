// A document's JSON with the tensor files that belong to it, for whoever keeps documents inside files of its own.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/document.h"
#include "core/io/files.h"
#include "core/json_text.h"

namespace convscope {

/// A large tensor's file: its name tells its content, so it is written once and never changes.
struct TensorFile {
    Tensor tensor;
    std::string name, digest;
    std::string bytes;          // empty: known to be there
};

struct DocumentTree {
    Json json;
    std::vector<TensorFile> files;
};

/// The document as it stands in a file in `folder`. Tensors that are the same as `known` ones are neither hashed nor
/// written again.
DocumentTree document_tree(const Document& document, const std::string& folder, std::span<const TensorFile> known = {});
/// The document with every number in its JSON: nothing stands beside it, and an image is its numbers.
Json whole_document_tree(const Document& document);
/// Writes those that have bytes, unless they are there already. False with a sentence in `error`.
[[nodiscard]] bool write_tensor_files(const std::string& folder, std::span<const TensorFile> files, std::string& error,
                                      Flush flush = Flush::yes);

/// Every tensor of the document, its input first.
std::vector<const Tensor*> all_tensors(const Document& document);

}  // namespace convscope
