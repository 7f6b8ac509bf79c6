// A glyph's coverage, texel for pixel.
in vec2 v_pos;
flat in vec4 v_a;
flat in vec4 v_b;
flat in vec4 v_fill;

uniform sampler2D u_glyphs;

out vec4 out_color;  // premultiplied

void main() {
    // v_a: box; v_b.xy: its first texel
    ivec2 texel = ivec2(v_pos - v_a.xy + v_b.xy);
    float alpha = v_fill.a * texelFetch(u_glyphs, texel, 0).r;
    out_color = vec4(v_fill.rgb * alpha, alpha);
}
