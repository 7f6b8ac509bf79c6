// A document as a line: there and back through a chat, and nothing that a stranger sends does any harm.
#include "core/document_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "core/document_files.h"
#include "core/io/deflate.h"
#include "core/presets.h"
#include "core/sha256.h"

namespace convscope {
namespace {

std::string line_of(const Document& document) {
    const DocumentLine made = document_line(document);
    EXPECT_TRUE(made.ok()) << made.error;
    return made.line;
}

/// As document_line writes it, around any JSON.
std::string packed(const std::string& json) {
    const std::string bytes = sha256(json).substr(0, 6) + deflated(json);
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text = "convscope:";
    uint32_t group = 0;
    int bits = 0;
    for (const char c : bytes) {
        group = group << 8 | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 6; bits -= 6) text += digits[group >> (bits - 6) & 63];
    }
    if (bits > 0) text += digits[group << (6 - bits) & 63];
    return text;
}

TEST(DocumentLine, EveryExampleGoesThereAndBack) {
    for (const DocumentPreset& preset : document_presets()) {
        const Document document = preset.make();
        const DocumentLine made = document_line(document);
        if (!made.ok()) {
            EXPECT_NE(made.error.find("Save it as a file"), std::string::npos) << made.error;
            continue;
        }
        EXPECT_LE(made.line.size(), kMostLineBytes);
        EXPECT_EQ(made.line.find_first_of(" \n\"'<>&_*"), std::string::npos) << preset.name;
        const DocumentResult read = read_document_line(made.line);
        ASSERT_TRUE(read.ok()) << preset.name << ": " << read.error;
        EXPECT_EQ(to_json(read.document), to_json(document)) << preset.name;
    }
}

TEST(DocumentLine, IsFoundInAChat) {
    const Document document = standard_document();
    const std::string line = line_of(document);
    for (const std::string text : {line, "look at this: " + line + " – what is 23?", "> " + line + "\n> thanks", "(" + line + ")",
                                   "convscope: see below\nconvscope:short\n`" + line + "`", "\xEF\xBB\xBF" + line + "\r\n"}) {
        ASSERT_TRUE(holds_document_line(text)) << text;
        const DocumentResult read = read_document_line(text);
        ASSERT_TRUE(read.ok()) << read.error;
        EXPECT_EQ(to_json(read.document), to_json(document));
    }
    for (const char* text : {"", "convscope:", "convscope: nn.Conv2d(1, 1, 3)", "1 2 3", "convscope:shot is a program"})
        EXPECT_FALSE(holds_document_line(text)) << text;
}

TEST(DocumentLine, TakesAnImageAsItsNumbersAndNoPath) {
    Document document = standard_document();
    Tensor tensor({1, 1, 20, 20}, 0.25f);
    tensor.set({0, 0, 3, 4}, 0.75f);
    document.input = {tensor, FromImage{"/home/somebody/secret.png", true, 0, ""}};
    const DocumentResult read = read_document_line(line_of(document));
    ASSERT_TRUE(read.ok()) << read.error;
    EXPECT_EQ(read.document.input.tensor.at({0, 0, 3, 4}), 0.75f);
    EXPECT_EQ(whole_document_tree(document).dump().find("secret"), std::string::npos);
}

TEST(DocumentLine, TooLargeSaysWhyAndAtOnce) {
    Document document = standard_document();
    std::mt19937 random(1);
    Tensor noise({1, 1, 200, 200});
    for (float& value : noise.mutate()) value = static_cast<float>(random()) / 7;
    document.input = {noise, {}};
    const DocumentLine made = document_line(document);
    EXPECT_TRUE(made.line.empty());
    EXPECT_NE(made.error.find("40,0"), std::string::npos) << made.error;   // how many numbers
    EXPECT_NE(made.error.find("64 kB"), std::string::npos) << made.error;
    document.input = {Tensor({1, 3, 4000, 4000}), {}};
    EXPECT_FALSE(document_line(document).ok());
    // Made by a generator it is a name and a seed.
    document.input = generated_input("normal", 7, {1, 1, 500, 500});
    EXPECT_TRUE(document_line(document).ok());
}

TEST(DocumentLine, DamageIsSaid) {
    const std::string line = line_of(standard_document());
    std::mt19937 random(2);
    for (int i = 0; i < 400; ++i) {
        std::string damaged = line;
        switch (i % 3) {
            case 0: damaged.resize(60 + random() % (line.size() - 61)); break;
            case 1: damaged[10 + random() % (line.size() - 10)] ^= 1 + static_cast<char>(random() % 3); break;
            default: damaged.insert(10 + random() % (line.size() - 10), "A"); break;
        }
        if (!holds_document_line(damaged)) continue;
        const DocumentResult read = read_document_line(damaged);
        // The last digit may hold bits that belong to no byte.
        if (read.ok()) EXPECT_EQ(to_json(read.document), to_json(standard_document()));
        else EXPECT_EQ(read.error.find("The document line "), 0u) << read.error;
    }
}

TEST(DocumentLine, StrangersOpenNoFiles) {
    const std::string layers = R"("layers": [{"op": "relu"}])";
    for (const std::string input : {R"({"image": "/etc/passwd"})", R"({"shape": [1,1,1,2], "file": "a.npy", "sha256": "00"})"}) {
        const DocumentResult read = read_document_line(packed(R"({"convscope": 1, "input": )" + input + ", " + layers + "}"));
        EXPECT_NE(read.error.find("names a file"), std::string::npos) << read.error;
    }
    EXPECT_TRUE(read_document_line(packed(R"({"convscope": 1, "input": {"generator": "ones", "shape": [1,1,2,2]}, )" + layers + "}")).ok());
}

TEST(DocumentLine, AHostileLineIsBounded) {
    // A hundred million zeros in a hundred kilobytes, and brackets without end.
    EXPECT_FALSE(read_document_line(packed(std::string(100'000'000, ' '))).ok());
    EXPECT_FALSE(read_document_line(packed(std::string(100'000, '['))).ok());
    EXPECT_FALSE(read_document_line(packed(R"({"convscope": 1, "input": {"generator": "ones", "shape": [1,1,99999999,99999999]}, "layers": [{"op": "relu"}]})")).ok());
    EXPECT_FALSE(read_document_line("convscope:" + std::string(10'000'000, 'A')).ok());
    const DocumentResult newer = read_document_line(packed(R"({"convscope": 2, "input": {}, "layers": [], "dreams": [1, 2, 3]})"));
    EXPECT_NE(newer.error.find("newer Convscope"), std::string::npos) << newer.error;
}

}  // namespace
}  // namespace convscope
