// Shader programs from shaders/, in the dialect of the current context.
#pragma once

#include <string>

#include "app/paint/gl.h"

namespace convscope {

/// Source of shaders/<name>: from the folder where it is there, else the embedded one.
std::string shader_source(const std::string& folder, const std::string& name);
/// Compiles and links <vertex>.vert and <fragment>.frag. 0 when they have errors; `problem` then says which.
GLuint make_program(const std::string& folder, const std::string& vertex, const std::string& fragment, std::string& problem);

}  // namespace convscope
