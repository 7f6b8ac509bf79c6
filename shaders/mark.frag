// Coverage of each kind of mark by its distance, so that whole-pixel edges are exactly sharp and all others smooth. Plain
// cells and glyphs have shaders of their own.
in vec2 v_pos;
flat in vec4 v_a;
flat in vec4 v_b;
flat in vec2 v_c;
flat in vec4 v_fill;
flat in vec4 v_line;
flat in uint v_kind;
flat in uint v_flags;

uniform sampler2D u_picture;

out vec4 out_color;  // premultiplied

const uint kRect = 0u;
const uint kLine = 1u;
const uint kQuad = 3u;
const uint kHatched = 1u;
const uint kRoundStart = 2u;
const uint kRoundEnd = 4u;

float covered(float distance) { return clamp(0.5 - distance, 0.0, 1.0); }

// Part of a pixel at `along` that lies on a dash: a box one pixel wide, integrated.
float on_dash(float along, float on, float period) {
    float t = mod(along, period);
    float first = clamp(min(t + 0.5, on) - max(t - 0.5, 0.0), 0.0, 1.0);
    float next = clamp(t + 0.5 - period, 0.0, 1.0);
    return first + next;
}

vec4 premultiplied(vec4 color) { return vec4(color.rgb * color.a, color.a); }

// v_a: box; v_b: radius, border, dash on, dash off; v_c: hatching's spacing and thickness
vec4 rect() {
    vec2 half_size = 0.5 * v_a.zw;
    vec2 p = v_pos - v_a.xy - half_size;
    vec2 q = abs(p) - half_size;
    float d = max(q.x, q.y);
    if (v_b.x > 0.0) {
        vec2 r = q + v_b.x;
        d = length(max(r, 0.0)) + min(max(r.x, r.y), 0.0) - v_b.x;
    }
    float outer = covered(d);
    vec4 fill = premultiplied(v_fill);
    if ((v_flags & kHatched) != 0u) {
        float across = (v_pos.x + v_pos.y) * 0.70710678;
        float off = abs(mod(across, v_c.x) - 0.5 * v_c.x);
        vec4 line = premultiplied(v_line);
        fill = mix(fill, line, covered(off - 0.5 * v_c.y) * v_line.a);
    }
    if (v_b.y <= 0.0) return fill * outer;
    float edge = outer - covered(d + v_b.y);
    if (v_b.z > 0.0) {
        // Clockwise from the top left, along the sides of the sharp box.
        vec2 from = p + half_size;
        float along = from.x;
        if (q.x > q.y) along = p.x > 0.0 ? v_a.z + from.y : v_a.z + v_a.w + v_a.z + (v_a.w - from.y);
        else if (p.y > 0.0) along = v_a.z + v_a.w + (v_a.z - from.x);
        edge *= on_dash(along, v_b.z, v_b.z + v_b.w);
    }
    return mix(fill * outer, premultiplied(v_line) * outer, outer > 0.0 ? edge / outer : 0.0);
}

// v_a: from, to; v_b: width, dash on, dash off, length of the polyline before
vec4 line() {
    vec2 way = v_a.zw - v_a.xy;
    float length_px = length(way);
    vec2 along = length_px > 0.0 ? way / length_px : vec2(1.0, 0.0);
    vec2 p = v_pos - v_a.xy;
    float t = dot(p, along);
    float side = abs(p.x * along.y - p.y * along.x);
    float beyond_start = -t;
    float beyond_end = t - length_px;
    float d = side - 0.5 * v_b.x;
    float cover = 1.0;
    if (beyond_start > 0.0 && (v_flags & kRoundStart) != 0u) d = length(p) - 0.5 * v_b.x;
    else if ((v_flags & kRoundStart) == 0u) cover *= covered(beyond_start);
    if (beyond_end > 0.0 && (v_flags & kRoundEnd) != 0u) d = length(v_pos - v_a.zw) - 0.5 * v_b.x;
    else if ((v_flags & kRoundEnd) == 0u) cover *= covered(beyond_end);
    // Lines thinner than a pixel are paler, not narrower.
    cover *= min(covered(d), v_b.x);
    if (v_b.y > 0.0) cover *= on_dash(v_b.w + t, v_b.y, v_b.y + v_b.z);
    return premultiplied(v_fill) * cover;
}

// v_a, v_b: four points clockwise
float beyond(vec2 from, vec2 to) {
    vec2 way = to - from;
    float length_px = length(way);
    if (length_px == 0.0) return -1e6;
    vec2 p = v_pos - from;
    return (p.x * way.y - p.y * way.x) / length_px;
}

vec4 quad() {
    float d = max(max(beyond(v_a.xy, v_a.zw), beyond(v_a.zw, v_b.xy)),
                  max(beyond(v_b.xy, v_b.zw), beyond(v_b.zw, v_a.xy)));
    return premultiplied(v_fill) * covered(d);
}

void main() {
    if (v_kind == kRect) {
        out_color = rect();
    } else if (v_kind == kLine) {
        out_color = line();
    } else if (v_kind == kQuad) {
        out_color = quad();
    } else {
        // v_b: texture coordinates of the corners; v_c.x: level of detail
        out_color = textureLod(u_picture, mix(v_b.xy, v_b.zw, (v_pos - v_a.xy) / v_a.zw), v_c.x);
    }
}
