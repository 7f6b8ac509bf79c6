// OpenGL 3.3 core, or OpenGL ES 3.0 in the browser: the part that both have. Only for files of app/paint.
#pragma once

#if defined(__EMSCRIPTEN__)
#include <GLES3/gl3.h>
#else
#include <glad/gl.h>
#endif
