"""Scenes, materials and darkroom behind tools/render_demo_photos.py."""
