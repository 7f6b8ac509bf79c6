// OpenGL without a window system: EGL's surfaceless platform, or a graphics card by its number, opened at run time, so that
// nothing links to it.
#if __has_include(<dlfcn.h>)
#include <dlfcn.h>
#endif

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "app/window/headless.h"

namespace convscope {
namespace {

// The few names of EGL 1.5 that are needed (Khronos registry); its headers need not be installed.
using Display = void*;
using Config = void*;
using Context = void*;
using Surface = void*;
using Int = int32_t;
using Bool = unsigned;
constexpr Int kPlatformSurfaceless = 0x31DD, kPlatformDevice = 0x313F, kNone = 0x3038, kOpenGl = 0x30A2;
constexpr Int kSurfaceType = 0x3033, kPbuffer = 0x0001, kRenderableType = 0x3040,
              kOpenGlBit = 0x0008;
constexpr Int kMajor = 0x3098, kMinor = 0x30FB, kProfile = 0x30FD, kCore = 0x00000001;

struct Egl {
    void* library = nullptr;
    GlGet get = nullptr;
    Display (*platform_display)(Int platform, void* native, const Int* attributes) = nullptr;
    Bool (*query_devices)(Int most, void** devices, Int* found) = nullptr;  // may be missing
    Bool (*initialize)(Display, Int* major, Int* minor) = nullptr;
    Bool (*bind_api)(unsigned api) = nullptr;
    Bool (*choose_config)(Display, const Int* attributes, Config*, Int size, Int* found) = nullptr;
    Context (*create_context)(Display, Config, Context share, const Int* attributes) = nullptr;
    Bool (*destroy_context)(Display, Context) = nullptr;
    Bool (*make_current)(Display, Surface draw, Surface read, Context) = nullptr;
};

#if __has_include(<dlfcn.h>)
void* open_library(const char* name) { return dlopen(name, RTLD_NOW | RTLD_LOCAL); }
void* symbol(void* library, const char* name) { return dlsym(library, name); }
#else  // no EGL to open: pictures need a window there
void* open_library(const char*) { return nullptr; }
void* symbol(void*, const char*) { return nullptr; }
#endif

template <class F>
bool find(const Egl& egl, const char* name, F& function) {
    function = reinterpret_cast<F>(symbol(egl.library, name));
    if (!function && egl.get) function = reinterpret_cast<F>(egl.get(name));
    return function != nullptr;
}

constexpr int kMostDevices = 16;

/// CONVSCOPE_EGL_DEVICE: the number of a graphics card; otherwise Mesa's software or its first card.
std::optional<int> wished_device() {
    const char* text = std::getenv("CONVSCOPE_EGL_DEVICE");
    int number = 0;
    if (!text || std::from_chars(text, text + std::strlen(text), number).ec != std::errc()) return {};
    return number;
}

Display initialized(const Egl& egl, Int platform, void* native) {
    Display display = egl.platform_display(platform, native, nullptr);
    Int major = 0, minor = 0;
    return display && egl.initialize(display, &major, &minor) ? display : nullptr;
}

/// The wished device; or without windows, or else the first device that will.
Display open_display(Egl& egl) {
    const std::optional<int> wished = wished_device();
    if (!wished)
        if (Display display = initialized(egl, kPlatformSurfaceless, nullptr)) return display;
    void* devices[kMostDevices]{};
    Int count = 0;
    if (!find(egl, "eglQueryDevicesEXT", egl.query_devices) ||
        !egl.query_devices(kMostDevices, devices, &count))
        return nullptr;
    for (Int i = 0; i < count; ++i) {
        if (wished && i != *wished) continue;
        if (Display display = initialized(egl, kPlatformDevice, devices[i])) return display;
    }
    return nullptr;
}

bool open(Egl& egl) {
    egl.library = open_library("libEGL.so.1");
    return egl.library && find(egl, "eglGetProcAddress", egl.get) &&
           find(egl, "eglGetPlatformDisplayEXT", egl.platform_display) &&
           find(egl, "eglInitialize", egl.initialize) &&
           find(egl, "eglBindAPI", egl.bind_api) &&
           find(egl, "eglChooseConfig", egl.choose_config) &&
           find(egl, "eglCreateContext", egl.create_context) &&
           find(egl, "eglDestroyContext", egl.destroy_context) &&
           find(egl, "eglMakeCurrent", egl.make_current);
}

}  // namespace

struct HeadlessContext::Parts {
    Egl egl;
    Display display = nullptr;
    Context context = nullptr;
    ~Parts() {
        if (context) {
            egl.make_current(display, nullptr, nullptr, nullptr);
            egl.destroy_context(display, context);
        }
        // Library and display stay open, one of each a process: Mesa unloads its driver otherwise, and
        // loses memory each time.
    }
};

HeadlessContext::HeadlessContext() : parts_(std::make_unique<Parts>()) {}
HeadlessContext::~HeadlessContext() = default;

std::unique_ptr<HeadlessContext> HeadlessContext::make(std::string& error) {
    std::unique_ptr<HeadlessContext> made(new HeadlessContext);
    Parts& parts = *made->parts_;
    if (!open(parts.egl)) {
        error = "Pictures without a display need EGL: libEGL.so.1 was not found (package libegl1).";
        return nullptr;
    }
    error = "EGL has no surfaceless OpenGL here (package libgl1-mesa-dri).";
    Display display = open_display(parts.egl);
    if (!display) return nullptr;
    parts.display = display;
    if (!parts.egl.bind_api(kOpenGl)) return nullptr;
    const Int wanted[] = {kSurfaceType, kPbuffer, kRenderableType, kOpenGlBit, kNone};
    Config config = nullptr;
    Int found = 0;
    if (!parts.egl.choose_config(display, wanted, &config, 1, &found) || found == 0) return nullptr;
    const Int version[] = {kMajor, 3, kMinor, 3, kProfile, kCore, kNone};
    parts.context = parts.egl.create_context(display, config, nullptr, version);
    if (!parts.context || !parts.egl.make_current(display, nullptr, nullptr, parts.context))
        return nullptr;
    error = load_gl(parts.egl.get);
    return error.empty() ? std::move(made) : nullptr;
}

}  // namespace convscope
