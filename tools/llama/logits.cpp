// Logits that llama.cpp computes for token sequences, to compare with Heddle's.
//
//     llama-logits MODEL.gguf OUT.f32 [--step] < ids.json
//
// ids.json is a list of lists of token ids on standard input; OUT.f32 receives the logits of all positions of all
// sequences, f32, little-endian. Keys and values are f32. With --step the second half of each sequence is fed token by token.
#include "llama.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

static std::vector<std::vector<llama_token>> read_ids() {
    std::string text((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
    std::vector<std::vector<llama_token>> all;
    int depth = 0;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '[' && ++depth == 2) {
            all.emplace_back();
        } else if (text[i] == ']') {
            depth--;
        } else if (depth == 2 && isdigit(text[i])) {
            char * end;
            all.back().push_back(strtol(&text[i], &end, 10));
            i = end - text.data() - 1;
        }
    }
    return all;
}

static void quiet(ggml_log_level level, const char * text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR || getenv("LLAMA_LOGITS_VERBOSE")) {
        fputs(text, stderr);
    }
}

int main(int argc, char ** argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: llama-logits MODEL.gguf OUT.f32 [--step] < ids.json\n");
        return 2;
    }
    llama_log_set(quiet, nullptr);
    auto ids = read_ids();
    size_t longest = 1;
    for (auto & one : ids) {
        longest = std::max(longest, one.size());
    }
    llama_backend_init();
    llama_model * model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (!model) {
        fprintf(stderr, "llama-logits: %s was not loaded\n", argv[1]);
        return 1;
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = longest + 8;
    params.n_batch = params.n_ubatch = longest;
    params.n_threads = params.n_threads_batch = 2;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context * context = llama_init_from_model(model, params);
    FILE * out = fopen(argv[2], "wb");
    if (!context || !out) {
        fprintf(stderr, "llama-logits: no context or no output\n");
        return 1;
    }
    const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
    const bool step = argc > 3 && !strcmp(argv[3], "--step");
    for (auto & one : ids) {
        llama_memory_clear(llama_get_memory(context), true);
        size_t at = 0;
        while (at < one.size()) {
            size_t count = step ? (at == 0 ? std::max<size_t>(1, one.size() / 2) : 1) : one.size();
            llama_batch batch = llama_batch_init(count, 0, 1);
            batch.n_tokens = count;
            for (size_t i = 0; i < count; i++) {
                batch.token[i] = one[at + i];
                batch.pos[i] = at + i;
                batch.n_seq_id[i] = 1;
                batch.seq_id[i][0] = 0;
                batch.logits[i] = true;
            }
            if (llama_decode(context, batch)) {
                fprintf(stderr, "llama-logits: decoding failed\n");
                return 1;
            }
            for (size_t i = 0; i < count; i++) {
                fwrite(llama_get_logits_ith(context, i), sizeof(float), vocabulary, out);
            }
            llama_batch_free(batch);
            at += count;
        }
    }
    return fclose(out) ? 1 : 0;
}
