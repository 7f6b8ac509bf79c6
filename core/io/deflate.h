// zlib's compression, for bytes that travel as text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace convscope {

/// In zlib's format; empty when there is no memory.
std::string deflated(std::string_view bytes);
/// None for what is damaged, and for more than `most` bytes.
std::optional<std::string> inflated(std::string_view bytes, size_t most);

}  // namespace convscope
