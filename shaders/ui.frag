// The font atlas has one channel, coverage; every other texture is a picture.
in vec2 v_uv;
in vec4 v_color;

uniform sampler2D u_texture;
uniform int u_coverage;

out vec4 out_color;  // premultiplied

void main() {
    vec4 texel = texture(u_texture, v_uv);
    vec4 color = u_coverage != 0 ? vec4(v_color.rgb, v_color.a * texel.r) : v_color * texel;
    out_color = vec4(color.rgb * color.a, color.a);
}
