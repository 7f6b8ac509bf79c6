// The version line is added here, so that OpenGL 3.3 and OpenGL ES 3.0 share the sources.
#include "app/paint/shader.h"

#include <fstream>
#include <iterator>

#include "assets/embedded.h"

namespace convscope {
namespace {

#if defined(__EMSCRIPTEN__)
constexpr const char* kHead = "#version 300 es\nprecision highp float;\nprecision highp int;\n";
#else
constexpr const char* kHead = "#version 330 core\n";
#endif

GLuint compile(GLenum kind, const std::string& source, const std::string& name,
               std::string& problem) {
    const GLuint shader = glCreateShader(kind);
    const char* texts[] = {kHead, source.c_str()};
    glShaderSource(shader, 2, texts, nullptr);
    glCompileShader(shader);
    GLint ok = 0;
    glGetShaderiv(shader, GL_COMPILE_STATUS, &ok);
    if (ok) return shader;
    char log[2048] = "";
    glGetShaderInfoLog(shader, sizeof log, nullptr, log);
    problem = "shaders/" + name + ": " + log;
    glDeleteShader(shader);
    return 0;
}

}  // namespace

std::string shader_source(const std::string& folder, const std::string& name) {
    if (!folder.empty()) {
        std::ifstream file(folder + "/" + name, std::ios::binary);
        if (file) return {std::istreambuf_iterator<char>(file), {}};
    }
    return std::string(assets::shader(name));
}

GLuint make_program(const std::string& folder, const std::string& vertex_name,
                    const std::string& fragment_name, std::string& problem) {
    const std::string vert = vertex_name + ".vert", frag = fragment_name + ".frag";
    const GLuint vertex = compile(GL_VERTEX_SHADER, shader_source(folder, vert), vert, problem);
    if (!vertex) return 0;
    const GLuint fragment = compile(GL_FRAGMENT_SHADER, shader_source(folder, frag), frag, problem);
    GLuint program = 0;
    if (fragment) {
        program = glCreateProgram();
        glAttachShader(program, vertex);
        glAttachShader(program, fragment);
        glLinkProgram(program);
        GLint ok = 0;
        glGetProgramiv(program, GL_LINK_STATUS, &ok);
        if (!ok) {
            char log[2048] = "";
            glGetProgramInfoLog(program, sizeof log, nullptr, log);
            problem = "shaders/" + frag + ": " + log;
            glDeleteProgram(program);
            program = 0;
        }
        glDeleteShader(fragment);
    }
    glDeleteShader(vertex);
    return program;
}

}  // namespace convscope
