"""Which view answers where."""

import views
from django.urls import path

urlpatterns = [
    path("orders", views.Orders.as_view()),
    path("orders/<int:number>", views.show),
    path("all-orders", views.AllOrders.as_view()),
]
