// The word that a mistyped one may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace convscope {

/// Which of `valid` a mistyped key may have meant; "" when none is near.
std::string nearest_key(std::string_view key, const std::vector<std::string>& valid);

}  // namespace convscope
