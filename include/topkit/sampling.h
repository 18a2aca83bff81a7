/* topkit: from logits to tokens. C11 interface of sample, filter and topn_logprobs, beside topkit.h.
 *
 * One row of logits goes through these steps, each optional, each parameter one number or an array of one a row:
 *
 *   z    the logit as float32; soft-cap: cap * tanh(z / cap); + bias; a token that the mask forbids becomes -inf.
 *        NaN and -inf are no candidates: they are never chosen. The candidates' order is z, then the lower id.
 *   greedy, where temperature <= 1e-5 or top_k == 1: the first in that order alone.
 *   y    (z - max z) / temperature, the exponent of the token's weight exp(y).
 *   min-p keeps exp(y) >= min_p; top-k keeps the first k; top-p keeps a token while the weight before it is below
 *        top_p * Z. At least one is kept. Each keeps a prefix of the order, so their kept sets do too.
 *   draw one kept token with probability exp(y) / (sum over the kept).
 *
 * The noise of a token is a function of (seed, position, draw, id) only: Philox4x32-10, an exponential race. So a row's
 * token depends neither on its place in the batch, nor on the batch, the device, the algorithm or the instruction set.
 * All sums are of integers: kept sets are bitwise the same everywhere, and so are logprobs.
 *
 * A row without candidates gives token 0 and valid = 0. Where +inf is present, the tokens with +inf share the draw.
 */
#ifndef TOPKIT_SAMPLING_H_
#define TOPKIT_SAMPLING_H_

#include <topkit/topkit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Z, the weight that top-p is measured against. */
typedef enum tk_top_p_of {
  TK_TOP_P_OF_KEPT = 0,  /* of what min-p and top-k keep */
  TK_TOP_P_OF_TOP_K = 1, /* of what top-k keeps; min-p is applied after top-p */
  TK_TOP_P_OF_ALL = 2    /* of all candidates */
} tk_top_p_of;

typedef enum tk_logprob_of {
  TK_LOGPROB_RAW = 0, /* log-softmax of the soft-capped logits: no bias, no mask, temperature 1, nothing filtered */
  TK_LOGPROB_PROCESSED = 1 /* the log of the probability it was drawn with */
} tk_logprob_of;

/* Per-row arrays are [rows], the rows of the outputs, and take the place of their scalar where they are given. Scalars,
 * and arrays on the CPU, are checked; what an array on a device has out of range is clamped as said below. */
typedef struct tk_sampling {
  size_t size;       /* sizeof(tk_sampling): set by tk_sampling_init */
  float temperature; /* >= 0, finite; default 1. Clamped: NaN and negative to 0, above 2^64 to 2^64 */
  int32_t top_k;     /* default 0: off, as is any k at or above the candidates. Clamped: negative to 0 */
  float top_p;       /* 0..1, default 1: off. In steps of 2^-32. Clamped: NaN to 1, else into 0..1 */
  float min_p;       /* 0..1, default 0: off. Clamped: NaN to 0, else into 0..1 */
  uint64_t seed;     /* default 0 */
  uint64_t position; /* default 0: of the token in its sequence; another one gives independent noise */
  uint32_t draw;     /* default 0: number of the first draw of a row; several draws of a row have consecutive ones */
  const DLTensor* row_temperature; /* [rows] float32, or NULL */
  const DLTensor* row_top_k;       /* [rows] int32 or int64, or NULL */
  const DLTensor* row_top_p;       /* [rows] float32, or NULL */
  const DLTensor* row_min_p;       /* [rows] float32, or NULL */
  const DLTensor* row_seed;        /* [rows] uint64 or int64 (its bits), or NULL */
  const DLTensor* row_position;    /* [rows] uint64 or int64 (its bits), or NULL */

  float softcap; /* > 0, or 0 (default): off */
  const DLTensor*
      bias_ids;         /* [n] or [rows, n], int32 or int64: tokens whose logit gets bias, in list order; -1 marks an
                               unused place, as does on a device whatever is not a column */
  const DLTensor* bias; /* float32, the shape of bias_ids */
  const DLTensor* mask; /* [rows or more, >= cols / 32 rounded up] int32 or uint32 words: bit i % 32 of word i / 32 is
                               1 where token i is allowed */
  const DLTensor* mask_map; /* [rows] int32 or int64, or NULL: row of the mask; -1: this row has none */
  const DLTensor* row_map;  /* [rows] int32 or int64, or NULL: the row of logits that row r reads. Clamped into range */
  const DLTensor* lengths;  /* [rows] int32 or int64, or NULL: row r has lengths[r] tokens. Clamped into 0..cols */

  int32_t top_p_of;         /* tk_top_p_of, default TK_TOP_P_OF_KEPT */
  int32_t top_p_inclusive;  /* 1: keeps while the weight before is <= top_p * Z; 0 (default): < */
  int32_t temperature_last; /* 1: filters look at temperature 1, the draw at temperature; 0 (default) */
  int32_t logprob_of;       /* tk_logprob_of of tk_sample's logprobs, default TK_LOGPROB_RAW */

  const char* algorithm; /* the last five as in tk_options */
  const char* isa;
  int32_t threads;
  tk_parallel_for parallel_for;
  void* pool;
} tk_sampling;

TK_API void tk_sampling_init(tk_sampling* options);

/* Sets top_p_of, top_p_inclusive and temperature_last to the rules of another engine:
 * "hf" "vllm" "sglang" "trtllm" "flashinfer" "flashinfer_joint" "llamacpp" "nanochat". Ties at the k-th place and at the
 * edge of top-p are still cut in topkit's order, where some of them keep all or cut anywhere. */
TK_API tk_status tk_sampling_preset(tk_sampling* options, const char* name);

/* Where tk_sample writes; NULL for what is not wanted, at least one is. */
typedef struct tk_sampled {
  size_t size;                  /* sizeof(tk_sampled): set by tk_sampled_init */
  DLTensor* tokens;             /* [rows] or [rows, draws], int32 or int64 */
  DLTensor* logprobs;           /* the shape of tokens, float32: see logprob_of */
  DLTensor* kept;               /* [rows] int32: how many tokens were drawn from; 0 where valid is 0 */
  DLTensor* valid;              /* [rows] bool or uint8: 0 where a row has no candidate */
  DLTensor* candidates;         /* [rows, n], the type of tokens: the kept in their order, then -1 */
  DLTensor* candidate_logprobs; /* [rows, n] float32: processed logprobs of the candidates, then -inf */
} tk_sampled;

TK_API void tk_sampled_init(tk_sampled* out);

/* Draws a token of every row.
 *
 * logits  [rows, cols] or [cols] (one row): float32, float16 or bfloat16, cols >= 1 with stride 1, any row stride >= 0.
 *         With row_map the outputs have its rows.
 * options  NULL: the defaults.
 * workspace, stream, error and overlap rules: as tk_topk.
 */
TK_API tk_status tk_sample(const DLTensor* logits, const tk_sampling* options, const tk_sampled* out,
                           DLTensor* workspace, void* stream);
TK_API tk_status tk_sample_workspace(const DLTensor* logits, const tk_sampling* options, const tk_sampled* out,
                                     size_t* bytes);

typedef enum tk_filter_form {
  TK_FILTER_LOGITS = 0,       /* z / temperature of the kept (greedy rows: z), -inf for the others */
  TK_FILTER_PROBABILITIES = 1 /* exp(y) / (sum over the kept), 0 for the others; a row without candidates: all 0 */
} tk_filter_form;

/* Writes what tk_sample would draw from, exactly. out: [rows, cols] float32, stride 1 along cols. seed, position, draw and
 * logprob_of have no effect. */
TK_API tk_status tk_filter(const DLTensor* logits, const tk_sampling* options, tk_filter_form form, DLTensor* out,
                           DLTensor* workspace, void* stream);
TK_API tk_status tk_filter_workspace(const DLTensor* logits, const tk_sampling* options, tk_filter_form form,
                                     const DLTensor* out, size_t* bytes);

/* What tk_topn_logprobs is asked and where it writes; NULL for what is not wanted, at least one output is. */
typedef struct tk_logprobs {
  size_t size;              /* sizeof(tk_logprobs): set by tk_logprobs_init */
  const DLTensor* tokens;   /* [rows] int32 or int64: a token of each row, the sampled one; -1: none */
  const DLTensor* probes;   /* [n] or [rows, n] int32 or int64: more tokens to look up; -1: none */
  const DLTensor* row_n;    /* [rows] int32 or int64: how many of `ids` row r gets, 0..n; clamped on a device */
  DLTensor* ids;            /* [rows, n] int32 or int64: the best tokens, best first, then -1 */
  DLTensor* logprobs;       /* [rows, n] float32: theirs, then -inf */
  DLTensor* token_logprobs; /* [rows] float32: of `tokens`; NaN for one that is not a token of its row */
  DLTensor* token_ranks;    /* [rows] int32: 1 + number of tokens with a greater z; 0 where the logprob is NaN */
  DLTensor* probe_logprobs; /* the shape of probes, or [rows, n], float32: as token_logprobs */
  DLTensor* logsumexp;      /* [rows] float32: log of the sum of exp(z / temperature); -inf without candidates */
} tk_logprobs;

TK_API void tk_logprobs_init(tk_logprobs* logprobs);

/* Log-probabilities of rows of logits, as tk_sample takes them, without a temporary of their size: log-softmax of
 * z / temperature over all candidates. Of the options temperature (<= 1e-5 counts as 1), softcap, bias, mask, row_map and
 * lengths take part; top_k, top_p, min_p and the rules must be unset. */
TK_API tk_status tk_topn_logprobs(const DLTensor* logits, const tk_sampling* options, const tk_logprobs* logprobs,
                                  DLTensor* workspace, void* stream);
TK_API tk_status tk_topn_logprobs_workspace(const DLTensor* logits, const tk_sampling* options,
                                            const tk_logprobs* logprobs, size_t* bytes);

#ifdef __cplusplus
}
#endif

#endif /* TOPKIT_SAMPLING_H_ */
