// One quad an instance, corners from the vertex number. Units: pixels of the target, y down.
layout(location = 0) in vec4 in_a;
layout(location = 1) in vec4 in_b;
layout(location = 2) in vec2 in_c;
layout(location = 3) in vec4 in_fill;
layout(location = 4) in vec4 in_line;
layout(location = 5) in uvec4 in_kind;  // kind, flags

uniform vec2 u_size_px;
uniform float u_flip;  // 1: first row of the framebuffer is the top, -1: the bottom

out vec2 v_pos;
flat out vec4 v_a;
flat out vec4 v_b;
flat out vec2 v_c;
flat out vec4 v_fill;
flat out vec4 v_line;
flat out uint v_kind;
flat out uint v_flags;

const uint kRect = 0u;
const uint kLine = 1u;
const uint kGlyph = 2u;
const uint kQuad = 3u;
const uint kPicture = 4u;

void main() {
    vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    vec2 low = in_a.xy;
    vec2 high = in_a.xy + in_a.zw;
    if (in_kind.x == kLine) {
        float reach = 0.5 * in_b.x + 1.0;
        low = min(in_a.xy, in_a.zw) - reach;
        high = max(in_a.xy, in_a.zw) + reach;
    } else if (in_kind.x == kQuad) {
        low = min(min(in_a.xy, in_a.zw), min(in_b.xy, in_b.zw)) - 1.0;
        high = max(max(in_a.xy, in_a.zw), max(in_b.xy, in_b.zw)) + 1.0;
    } else if (in_kind.x == kRect) {
        low = floor(low);
        high = ceil(high);
    }
    v_pos = mix(low, high, corner);
    if (in_kind.x == kLine && in_a.x != in_a.z && in_a.y != in_a.w) {
        // A slanting line gets a box along itself: few pixels to shade.
        vec2 along = normalize(in_a.zw - in_a.xy);
        vec2 across = vec2(-along.y, along.x);
        float reach = 0.5 * in_b.x + 1.0;
        v_pos = mix(in_a.xy - along * reach, in_a.zw + along * reach, corner.x) +
                across * (reach * (2.0 * corner.y - 1.0));
    }
    vec2 clip = v_pos / u_size_px * 2.0 - 1.0;
    gl_Position = vec4(clip.x, clip.y * u_flip, 0.0, 1.0);
    v_a = in_a;
    v_b = in_b;
    v_c = in_c;
    v_fill = in_fill;
    v_line = in_line;
    v_kind = in_kind.x;
    v_flags = in_kind.y;
}
