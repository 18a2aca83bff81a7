/* topkit: the k best of each row, exactly, on CPU and CUDA. C11 interface.
 *
 * One order everywhere: key first, then the lower index wins. The answer is therefore unique: every algorithm, instruction
 * set, device, batch size and thread count returns the same indices. -0 equals +0; all NaN are equal. Returned values are
 * bitwise the input's.
 *
 * Tensors are DLPack's DLTensor (borrowed, never freed). `strides` may be NULL (row-major). `byte_offset` is honoured.
 * Every function is thread-safe. No function prints, exits or keeps a pointer after it returns.
 */
#ifndef TOPKIT_TOPKIT_H_
#define TOPKIT_TOPKIT_H_

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#define TK_VERSION_MAJOR 0
#define TK_VERSION_MINOR 1
#define TK_VERSION_PATCH 0

#if defined(_WIN32)
#define TK_API
#else
#define TK_API __attribute__((visibility("default")))
#endif

/* DLPack type codes newer than the header some systems package (DLPack 1.1). */
#define TK_DL_FLOAT8_E4M3FN 10
#define TK_DL_FLOAT8_E5M2 12

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tk_status {
  TK_OK = 0,
  TK_INVALID_ARGUMENT = 1, /* the call can never be right: tk_last_error names the argument, its value and the rule */
  TK_UNSUPPORTED = 2,      /* a right call that this machine or build cannot do; the message says what is missing */
  TK_OUT_OF_MEMORY = 3,    /* scratch memory could not be had; outputs are not written */
  TK_DEVICE_ERROR = 4,     /* the CUDA driver or runtime refused; the message carries its words */
  TK_INTERNAL = 5          /* a defect of topkit */
} tk_status;

/* In which order the k winners of a row are written. Which items win does not depend on it. */
typedef enum tk_order {
  TK_ORDER_VALUE = 0, /* best first, equal keys by ascending index */
  TK_ORDER_INDEX = 1, /* ascending index */
  TK_ORDER_ANY = 2    /* unspecified: the fastest */
} tk_order;

typedef enum tk_nan {
  TK_NAN_LARGEST = 0, /* NaN ranks above +inf (torch) */
  TK_NAN_LAST = 1     /* NaN is never chosen before a number, in either direction (array API, NumPy) */
} tk_nan;

/* A loop over [0, tasks) lent by the host program: calls body(arg, i) once for every i, from any of its threads, and
 * returns when all are done. */
typedef void (*tk_task)(void* arg, int64_t index);
typedef void (*tk_parallel_for)(void* pool, int64_t tasks, tk_task body, void* arg);

/* Where the algorithms change over, as `topkit tune` measured it on one device. Constant: any number of calls and threads
 * may use one at a time. It changes the speed of a call, never its result. */
typedef struct tk_tuning tk_tuning;

typedef struct tk_options {
  size_t size;             /* sizeof(tk_options): set by tk_options_init */
  int32_t largest;         /* 1 (default): the k largest; 0: the k smallest; the lower index wins ties in both */
  int32_t order;           /* tk_order, default TK_ORDER_VALUE */
  int32_t nan;             /* tk_nan, default TK_NAN_LARGEST */
  int32_t axis;            /* the axis that is selected along; default -1, the last */
  const DLTensor* lengths; /* [rows] int32 or int64, or NULL: row r has lengths[r] elements from starts[r] on */
  const DLTensor* starts;  /* [rows] int32 or int64, or NULL: first column of row r; indices stay positions in the full
                              row */
  const DLTensor* row_k;   /* [rows] int32 or int64, or NULL: how many of row r, 0..k */
  const DLTensor* ids;     /* [cols] or [rows, cols], type of `indices`: written in place of the column; ties still go
                              to the lower column */
  const void* fill;        /* one element of x's type for the places a short row leaves; NULL: the worst value. Their
                              index is -1 */
  const char* algorithm;   /* force an algorithm by name (tk_algorithm_name), NULL: the plan chooses */
  const char* isa;         /* force a CPU instruction set by name (tk_isa_name), NULL: the best the machine has */
  int32_t threads;         /* CPU threads at most; 0 (default): as many as pay, 1: the calling thread only */
  tk_parallel_for parallel_for; /* the host's own pool, or NULL: oneTBB where topkit was built with it */
  void* pool;                   /* first argument of parallel_for */
  const tk_tuning* tuning;      /* of x's device, or NULL: the built-in table */
} tk_options;

/* Fills `options` with the defaults above and its size. */
TK_API void tk_options_init(tk_options* options);

/* Writes the k best of every row of `x`.
 *
 * x        [.., cols, ..] of rank 1..64; rows are all axes but options->axis, in row-major order. Any strides >= 0 on
 *          the CPU; on CUDA (outputs too) the selected axis has stride 1 and the others collapse to one row stride.
 *          float32 float16 bfloat16 float64 float8_e4m3fn float8_e5m2, int8..int64, uint8..uint64.
 * k        0..cols (with lengths, also above a row's length: the row is padded).
 * options  NULL: the defaults.
 * values   x's shape with k in place of cols, x's type, or NULL.
 * indices  the same shape, int32 or int64, or NULL (not both NULL).
 * workspace  CUDA: uint8 [>= tk_topk_workspace bytes] on x's device, 256-byte aligned, content never assumed; NULL when
 *          the size is 0. CPU: NULL (scratch is the calling thread's).
 * stream   CUDA: a cudaStream_t; CPU: NULL.
 *
 * All tensors are on one device. Outputs must not overlap x, each other or any other argument. On error nothing is written.
 */
TK_API tk_status tk_topk(const DLTensor* x, int64_t k, const tk_options* options, DLTensor* values, DLTensor* indices,
                         DLTensor* workspace, void* stream);

/* Bytes of workspace that the same call of tk_topk needs (0 on the CPU). Data pointers are not read. */
TK_API tk_status tk_topk_workspace(const DLTensor* x, int64_t k, const tk_options* options, const DLTensor* values,
                                   const DLTensor* indices, size_t* bytes);

/* Merges sorted candidate lists: the k best of each row over all parts, by key, then by lower id.
 *
 * values   [parts, rows, width], any type of tk_topk; every part best first under `largest` and `nan`, equal keys by
 *          ascending id. Any strides >= 0. On CUDA parts * width < 2^31.
 * ids      the same shape, int32 or int64; -1 marks an empty place (all empty places at the end of their part).
 * k        0..parts * width; a row with fewer candidates is padded as tk_topk pads.
 * options  largest, nan, order (of the output), fill, threads, parallel_for; the others must be unset.
 * out_values, out_ids   [rows, k], any strides of distinct elements; either may be NULL.
 * workspace, stream   as of tk_topk. On CUDA there is a workspace for order index, and for more than 2048 parts.
 *
 * Of parts that are not in order which candidates are written is not promised, nor that every place is.
 */
TK_API tk_status tk_merge_topk(const DLTensor* values, const DLTensor* ids, int64_t k, const tk_options* options,
                               DLTensor* out_values, DLTensor* out_ids, DLTensor* workspace, void* stream);
/* Bytes of workspace that the same call of tk_merge_topk needs (0 on the CPU). Data pointers are not read. */
TK_API tk_status tk_merge_topk_workspace(const DLTensor* values, const DLTensor* ids, int64_t k,
                                         const tk_options* options, size_t* bytes);

/* The plan of a call as text (algorithm, why, instruction set or launch shape, workspace). Writes at most `capacity`
 * bytes including the terminating 0; *needed (may be NULL) receives the bytes of the whole text including the 0. */
TK_API tk_status tk_explain(const DLTensor* x, int64_t k, const tk_options* options, char* text, size_t capacity,
                            size_t* needed);

/* Reads the text of a file that `topkit tune` wrote. A table of another CPU is refused here, one of another GPU by the call
 * that would use it. *tuning stays valid until tk_tuning_free, which NULL may be given to. */
TK_API tk_status tk_tuning_read(const char* text, size_t bytes, tk_tuning** tuning);
TK_API void tk_tuning_free(tk_tuning* tuning);

/* Why this thread's last call failed; "" when it did not. Valid until this thread's next call. */
TK_API const char* tk_last_error(void);
TK_API const char* tk_status_name(tk_status status);

/* Names to list and to force. NULL when index is out of range. */
TK_API int32_t tk_algorithm_count(void);
TK_API const char* tk_algorithm_name(int32_t index);
TK_API DLDeviceType tk_algorithm_device(int32_t index);
TK_API int32_t tk_isa_count(void);              /* instruction sets built into this library, best first */
TK_API const char* tk_isa_name(int32_t index);  /* "avx512" "avx2" "neon" "scalar" */
TK_API int32_t tk_isa_available(int32_t index); /* 1 when this machine can run it */
TK_API const char* tk_version(void);            /* "0.1.0" */

#ifdef __cplusplus
}
#endif

#endif /* TOPKIT_TOPKIT_H_ */
