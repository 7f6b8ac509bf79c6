// ImGui's triangles. Units: pixels of the window, y down.
layout(location = 0) in vec2 in_pos;
layout(location = 1) in vec2 in_uv;
layout(location = 2) in vec4 in_color;

uniform vec2 u_origin_px;
uniform vec2 u_size_px;
uniform float u_flip;

out vec2 v_uv;
out vec4 v_color;

void main() {
    v_uv = in_uv;
    v_color = in_color;
    vec2 clip = (in_pos - u_origin_px) / u_size_px * 2.0 - 1.0;
    gl_Position = vec4(clip.x, clip.y * u_flip, 0.0, 1.0);
}
