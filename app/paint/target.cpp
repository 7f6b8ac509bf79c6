// Loading OpenGL, and pictures to paint into.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "app/paint/gl.h"
#include "app/paint/gl_painter.h"

namespace convscope {
namespace {

std::string gl_string(GLenum name) {
    const GLubyte* text = glGetString(name);
    return text ? reinterpret_cast<const char*>(text) : "";
}

Pixels read_rows(int width_px, int height_px, bool top_first) {
    Pixels pixels{width_px, height_px, {}};
    const size_t row = static_cast<size_t>(width_px) * 4;
    pixels.rgba.resize(row * static_cast<size_t>(height_px));
    glPixelStorei(GL_PACK_ALIGNMENT, 4);
    glReadPixels(0, 0, width_px, height_px, GL_RGBA, GL_UNSIGNED_BYTE, pixels.rgba.data());
    if (top_first) return pixels;
    for (int y = 0; y < height_px / 2; ++y) {
        uint8_t* one = pixels.rgba.data() + row * static_cast<size_t>(y);
        uint8_t* other = pixels.rgba.data() + row * static_cast<size_t>(height_px - 1 - y);
        std::swap_ranges(one, one + row, other);
    }
    return pixels;
}

}  // namespace

std::string load_gl(GlGet get) {
#if defined(__EMSCRIPTEN__)
    (void)get;
    return {};
#else
    const int version = gladLoadGL(get);
    if (version == 0)
        return "Convscope needs OpenGL 3.3, and this system's OpenGL gave no functions.";
    if (GLAD_GL_VERSION_3_3) return {};
    return fmt::format("Convscope needs OpenGL 3.3, and this system has {}.{} ({}).",
                       GLAD_VERSION_MAJOR(version), GLAD_VERSION_MINOR(version),
                       gl_string(GL_RENDERER));
#endif
}

std::string gl_description() {
    return fmt::format("{} on {}", gl_string(GL_VERSION), gl_string(GL_RENDERER));
}

Pixels read_pixels(int width_px, int height_px) { return read_rows(width_px, height_px, false); }

void finish_gl() { glFinish(); }

void clear_pixels(Color color) {
    glDisable(GL_SCISSOR_TEST);
    glClearColor(color.r, color.g, color.b, 1);
    glClear(GL_COLOR_BUFFER_BIT);
}

struct Target::Parts {
    GLuint texture = 0, framebuffer = 0;
    int width_px = 0, height_px = 0;
    GLint before = 0, before_viewport[4]{};
    bool bound = false;
    Painted painted;
    ~Parts() {
        if (framebuffer) glDeleteFramebuffers(1, &framebuffer);
        if (texture) glDeleteTextures(1, &texture);
    }
};

Target::Target() : parts_(std::make_unique<Parts>()) {}
Target::~Target() = default;
Target::Target(Target&&) noexcept = default;
Target& Target::operator=(Target&&) noexcept = default;

int Target::width_px() const { return parts_->width_px; }
int Target::height_px() const { return parts_->height_px; }
uint64_t Target::texture() const { return parts_->texture; }

Target::Painted Target::painted() const { return parts_->painted; }
void Target::set_painted(Painted painted) { parts_->painted = painted; }

void Target::resize(int width_px, int height_px) {
    GLint largest = 0;
    glGetIntegerv(GL_MAX_TEXTURE_SIZE, &largest);
    width_px = std::clamp(width_px, 1, static_cast<int>(largest));
    height_px = std::clamp(height_px, 1, static_cast<int>(largest));
    if (parts_->texture && width_px == parts_->width_px && height_px == parts_->height_px) return;
    parts_->width_px = width_px;
    parts_->height_px = height_px;
    parts_->painted = {};
    if (!parts_->texture) glGenTextures(1, &parts_->texture);
    GLint texture_before = 0;
    glGetIntegerv(GL_TEXTURE_BINDING_2D, &texture_before);
    glBindTexture(GL_TEXTURE_2D, parts_->texture);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width_px, height_px, 0, GL_RGBA, GL_UNSIGNED_BYTE,
                 nullptr);
    // Shown pixel for pixel.
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    glBindTexture(GL_TEXTURE_2D, static_cast<GLuint>(texture_before));
    if (parts_->framebuffer) return;
    glGenFramebuffers(1, &parts_->framebuffer);
    bind();
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, parts_->texture, 0);
    release();
}

void Target::bind() {
    if (!parts_->bound) {
        glGetIntegerv(GL_FRAMEBUFFER_BINDING, &parts_->before);
        glGetIntegerv(GL_VIEWPORT, parts_->before_viewport);
    }
    parts_->bound = true;
    parts_->painted = {};
    glBindFramebuffer(GL_FRAMEBUFFER, parts_->framebuffer);
    glViewport(0, 0, parts_->width_px, parts_->height_px);
}

void Target::release() {
    if (!parts_->bound) return;
    parts_->bound = false;
    glBindFramebuffer(GL_FRAMEBUFFER, static_cast<GLuint>(parts_->before));
    const GLint* v = parts_->before_viewport;
    glViewport(v[0], v[1], v[2], v[3]);
}

Pixels Target::read() const {
    if (!parts_->texture) return {};
    GLint before = 0;
    glGetIntegerv(GL_FRAMEBUFFER_BINDING, &before);
    glBindFramebuffer(GL_FRAMEBUFFER, parts_->framebuffer);
    Pixels pixels = read_rows(parts_->width_px, parts_->height_px, true);
    glBindFramebuffer(GL_FRAMEBUFFER, static_cast<GLuint>(before));
    return pixels;
}

}  // namespace convscope
