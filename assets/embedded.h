// The files that travel inside the program: fonts, shaders/ and assets/. Valid for the whole run.
#pragma once

#include <span>
#include <string_view>

namespace assets {

// Fonts as TrueType or OpenType files, as stb_truetype reads them.
std::span<const unsigned char> inter_regular();
std::span<const unsigned char> inter_semibold();
std::span<const unsigned char> mono_regular();
std::span<const unsigned char> mono_bold();
std::span<const unsigned char> fontawesome();

// The text of shaders/<name>, for example "cells.vert"; empty when there is none.
std::string_view shader(std::string_view name);

// The bytes of assets/<path>, for example "images/dots.png"; empty when there is none.
std::span<const unsigned char> file(std::string_view path_under_assets);

// Every path that file() knows, sorted.
std::span<const std::string_view> paths();

}  // namespace assets
