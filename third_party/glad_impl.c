/* The one translation unit that holds glad's OpenGL loader (header-only glad 2, from GLFW's sources). */
#define GLAD_GL_IMPLEMENTATION
#include <glad/gl.h>
