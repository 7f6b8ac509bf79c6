// Opaque boxes on whole pixels with a border inside: the many cells of a grid.
in vec2 v_pos;
flat in vec4 v_a;
flat in vec4 v_b;
flat in vec4 v_fill;
flat in vec4 v_line;

out vec4 out_color;

void main() {
    // v_a: box; v_b.y: border
    vec2 inside = min(v_pos - v_a.xy, v_a.xy + v_a.zw - v_pos);
    out_color = min(inside.x, inside.y) < v_b.y ? v_line : v_fill;
}
