# cmake -DIN=<file> -DOUT=<file.cpp> -DSYMBOL=<identifier> -P embed.cmake
# Writes a C++ file that holds IN's bytes as 64-bit words: eight times fewer tokens than bytes, so it compiles in a moment.
file(READ "${IN}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
math(EXPR rest "${digits} % 16")
if(rest GREATER 0 OR digits EQUAL 0)
    math(EXPR padding "16 - ${rest}")
    string(REPEAT "0" ${padding} zeros)
    string(APPEND hex "${zeros}")
endif()
string(REGEX REPLACE "(..)(..)(..)(..)(..)(..)(..)(..)" "0x\\8\\7\\6\\5\\4\\3\\2\\1,\n" words "${hex}")
file(WRITE "${OUT}" "// Made by assets/embed.cmake.
#include <bit>
#include <cstdint>
#include <span>

static_assert(std::endian::native == std::endian::little, \"the words below are little-endian\");

namespace assets {
namespace {
constexpr std::uint64_t kWords[] = {
${words}};
}  // namespace

std::span<const unsigned char> ${SYMBOL}_span();
std::span<const unsigned char> ${SYMBOL}_span() {
    return {reinterpret_cast<const unsigned char*>(kWords), ${size}};
}

}  // namespace assets
")
