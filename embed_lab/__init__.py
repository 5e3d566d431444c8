"""Learn, compare and use embeddings of every kind. Every public name loads its module when it is first used."""

__version__ = "0.1.0"

import importlib

_NAMES_OF = {
    "core": "Encoder ItemError MissingExtra ModelError normalize pick_device set_seed",
    "contract": "HashingEncoder check_encoder",
    "cache": "CachedEncoder VectorCache",
    "datasets": "list_datasets load_20newsgroups load_ag_news load_analogies load_banking77 load_cranfield load_docstrings "
                "load_adult load_blogcatalog load_citeseer load_cora load_glove_head load_karate load_les_miserables load_outlier_words "
                "load_package_graph load_pubmed load_scifact load_sts13 load_stsb load_word_categories load_word_similarity "
                "make_bike_rentals make_store_sales",
    "show": "show_images show_neighbours show_sounds show_spectrogram",
    "maps": "Projection show_map",
    "linked_maps": "show_linked_maps",
    "pair_datasets": "load_contract_nli load_products",
    "media_datasets": "load_cifar10 load_digits load_emoji load_esc10 load_fashion_mnist load_mnist load_spoken_digits make_glyphs",
    "use_datasets": "Interactions load_adbench load_movielens",
    "encode.text": "TextEncoder",
    "encode.words": "FastText Word2Vec WordVectors",
    "encode.glove": "GloVe",
    "encode.remote": "OpenAIEncoder",
    "encode.static": "StaticEncoder",
    "encode.image": "ImageEncoder",
    "encode.audio": "AudioEncoder MelEncoder",
    "encode.multimodal": "BlipEncoder ClapEncoder ClipEncoder ZeroShotClassifier",
    "encode.video": "VideoEncoder encode_frames read_frames search_video",
    "encode.flamingo": "Flamingo FlamingoEncoder load_flamingo save_flamingo train_flamingo",
    "encode.dual": "DualEncoder",
    "encode.walks": "Graph as_graph random_walks",
    "encode.node2vec": "DeepWalk Node2Vec",
    "encode.graphsage": "GraphSAGE",
    "encode.entity": "EntityEncoder",
    "evaluate.retrieval": "RetrievalReport evaluate_retrieval",
    "evaluate.shrink": "shrink_curve",
    "evaluate.link_prediction": "evaluate_link_prediction split_edges",
    "evaluate.shared_space": "evaluate_cross_modal modality_gap",
    "evaluate.similarity": "evaluate_pair_classification evaluate_similarity evaluate_triplets evaluate_word_similarity",
    "evaluate.probes": "evaluate_clustering evaluate_zero_shot few_shot_curve probe_labels",
    "evaluate.geometry": "AllButTheTop SoftWhitening cka describe_space drift effective_rank neighbour_agreement two_sample_test",
    "evaluate.compare": "ClassificationTask ClusteringTask PairTask RetrievalTask SimilarityTask Task compare",
    "evaluate.mteb_tasks": "MtebEncoder",
    "train.pretrain": "pretrain",
    "train.lora": "Adapter LoRA",
    "train.mining": "mine_hard_negatives",
    "train.losses": "choose_loss show_losses",
    "train.finetune": "finetune",
    "store.base": "Store check_store recall_against_exact",
    "store.faiss_store": "FaissStore",
    "store.lancedb_store": "LanceDBStore",
    "store.pgvector_store": "PgVectorStore",
    "store.qdrant_store": "QdrantEdgeStore QdrantStore",
    "store.milvus_store": "MilvusStore",
    "store.elasticsearch_store": "ElasticsearchStore OpenSearchStore",
    "store.weaviate_store": "WeaviateStore",
    "store.pinecone_store": "PineconeStore",
    "store.migrate": "check_server migrate open_store",
    "apply.search": "SemanticSearch",
    "apply.recommend": "ItemKNNRecommender PopularityRecommender VectorRecommender evaluate_recommendations "
                       "fuse_recommendations item2vec lightgcn mmr",
    "apply.cluster": "TopicModel class_tf_idf cluster_stability stability_curve",
    "apply.anomaly": "AnomalyDetector KNNDistance MahalanobisDistance evaluate_anomalies",
    "apply.match": "NearDuplicates choose_threshold cluster_pairs evaluate_matches find_candidates",
    "apply.classify": "choose_next uncertainty",
    "apply.bm25": "BM25Search",
    "apply.hybrid": "HybridSearch fuse",
    "apply.refine": "DocumentSearch Reranker facets split_passages",
    "scale.serve": "serve",
    "scale.vectors": "Vectors",
    "scale.corpus": "encode_corpus",
    "scale.ray_engine": "ray_config",
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names.split()}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell) -> None:
    """`%load_ext embed_lab` in a notebook: the words `%%embed` and `%search`."""
    importlib.import_module(f"{__name__}.magic").load_ipython_extension(shell)
